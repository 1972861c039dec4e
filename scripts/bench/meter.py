"""What a command costs: wall time, processor time, memory and bytes written, of its whole tree of processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.1
# Linux counts what a process wrote in blocks of this size.
BLOCK_BYTES = 512
LINES_OF_A_FAILURE = 15


class CommandFailed(Exception):
    """A measured command that ended with an error: its last lines."""


@dataclass
class Cost:
    """What a command cost. written_bytes is None where the system doesn't tell."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    written_bytes: int | None


def tree(process_id: int) -> list[psutil.Process]:
    """A process and all its children, as far as they still run."""
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(process_id)
        return [root, *root.children(recursive=True)]
    return []


class Sampler(threading.Thread):
    """Adds up the resident memory of a process and all its children, ten times a second, and that of a server."""

    def __init__(self, process_id: int, server: int | None) -> None:
        super().__init__(daemon=True)
        self.process_id, self.server = process_id, server
        self.over = threading.Event()
        self.peak_bytes = 0
        self.written: dict[int, int] = {}
        self.cpu_seconds: dict[int, float] = {}

    def run(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            resident = self.memory_of_server()
            for process in tree(self.process_id):
                with contextlib.suppress(psutil.Error, AttributeError):
                    resident += process.memory_info().rss
                    self.cpu_seconds[process.pid] = sum(process.cpu_times()[:2])
                    self.written[process.pid] = process.io_counters().write_bytes
            self.peak_bytes = max(self.peak_bytes, resident)

    def memory_of_server(self) -> int:
        """Its processes share memory: each page counts once."""
        found = 0
        for process in tree(self.server) if self.server else []:
            with contextlib.suppress(psutil.Error, AttributeError):
                found += process.memory_full_info().pss
        return found


def cpu_of_server(server: int | None) -> float:
    """Processor seconds of a server and its children since they began, those that have ended included."""
    found = 0.0
    for process in tree(server) if server else []:
        with contextlib.suppress(psutil.Error):
            found += sum(process.cpu_times()[: 4 if process.pid == server else 2])
    return found


def measure(
    command: list[str], folder: Path, environment: dict[str, str], log: Path, server: int | None = None
) -> Cost:
    """Run a command in a folder, with further environment variables; its output goes to the log file. Raises CommandFailed.

    server: id of a process that works for the command, and for nobody else.
    """
    before = cpu_of_server(server)
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        sampler = Sampler(process.pid, server)
        sampler.start()
        try:
            # Its own usage and that of all its children that it waited for, to the last moment.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            sampler.over.set()
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    sampler.join()
    if process.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise CommandFailed(
            "\n".join([f"{' '.join(command)} ended with {process.returncode}:", *lines[-LINES_OF_A_FAILURE:]])
        )
    is_linux = sys.platform == "linux"
    return Cost(
        seconds=seconds,
        # Java outlives the Python that started it, which so can't count it.
        cpu_seconds=max(usage.ru_utime + usage.ru_stime, sum(sampler.cpu_seconds.values()))
        + cpu_of_server(server)
        - before,
        peak_bytes=max(sampler.peak_bytes, usage.ru_maxrss * (1024 if is_linux else 1)),
        written_bytes=max(usage.ru_oublock * BLOCK_BYTES, sum(sampler.written.values())) if is_linux else None,
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
