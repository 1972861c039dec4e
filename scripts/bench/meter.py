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


class Sampler(threading.Thread):
    """Adds up the resident memory of a process and all its children, ten times a second."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(process_id)
        self.over = threading.Event()
        self.peak_bytes = 0
        self.written: dict[int, int] = {}

    def run(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            resident = 0
            with contextlib.suppress(psutil.Error):
                for process in [self.root, *self.root.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error, AttributeError):
                        resident += process.memory_info().rss
                        self.written[process.pid] = process.io_counters().write_bytes
            self.peak_bytes = max(self.peak_bytes, resident)


def measure(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> Cost:
    """Run a command in a folder, with further environment variables; its output goes to the log file. Raises CommandFailed."""
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        sampler = Sampler(process.pid)
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
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=max(sampler.peak_bytes, usage.ru_maxrss * (1024 if is_linux else 1)),
        written_bytes=max(usage.ru_oublock * BLOCK_BYTES, sum(sampler.written.values())) if is_linux else None,
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
