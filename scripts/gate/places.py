"""Where a gate's reports go: each place is tried before anything is measured, and gets a whole report or stays as it was."""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.gate.warehouse import CouldNotRun


@dataclass(frozen=True)
class Place:
    """What an option names: a file that is written anew, or goes on (`appended`), or a folder (`folder`)."""

    option: str
    path: Path
    appended: bool = False
    folder: bool = False

    def __str__(self) -> str:
        return f"{self.option} {self.path}"

    def trouble(self) -> str | None:
        """Why nothing can be written there, with the way out; None where it can, as far as can be told beforehand."""
        try:
            mode = mode_of(self.path)
            if mode is None and self.path.is_symlink():
                return (
                    f"is a link to {os.readlink(self.path)}, which isn't there. Mend the link, or name another place."
                )
            if self.folder and mode is not None and not stat.S_ISDIR(mode):
                return "is a file. Name a folder."
            if not self.folder and mode is not None and stat.S_ISDIR(mode):
                return "is a folder. Name a file."
            if mode is not None and stat.S_ISREG(mode):
                if not os.access(self.path, os.W_OK):
                    return "is read-only. Name another file, or let it be written."
                self.path.read_bytes().decode("utf-8")
            if not self.is_stream():
                self.try_folder()
        except UnicodeError:
            harm = "go on in UTF-8, which would spoil it" if self.appended else "overwrite it, and it is no report"
            return f"holds something else than UTF-8 text; the gate would {harm}. Name another file."
        except OSError as error:
            return f"can't be written: {error.strerror or error} ({error.filename}). Name another place, or put that right."
        return None

    def is_stream(self) -> bool:
        """Whether it is a device or a pipe, such as /dev/stdout: it takes what comes, and can't be replaced."""
        mode = mode_of(self.path)
        is_device = str(self.path.absolute()).startswith(("/dev/", "/proc/"))
        return is_device or (mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode))

    def stream(self) -> IO[bytes]:
        """The device or pipe, opened. What the gate prints to, too, is shared: opened again, one would write over the other."""
        for descriptor in (1, 2):
            if os.path.samestat(self.path.stat(), os.fstat(descriptor)):
                return os.fdopen(os.dup(descriptor), "wb")
        return self.path.open("ab")

    def try_folder(self) -> None:
        """Make a file in the nearest folder that is there, and remove it; raises OSError where that fails."""
        nearest = Path(os.path.realpath(self.path if self.folder else self.path.parent))
        while (mode := mode_of(nearest)) is None:
            nearest = nearest.parent
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(0, "this is a file, where a folder is needed", str(nearest))
        part = beside(nearest)
        part.touch(exist_ok=False)
        part.unlink()

    def put(self, content: bytes) -> None:
        """Write a report to a file in one piece. Raises CouldNotRun."""
        try:
            if self.is_stream():
                with self.stream() as stream:
                    stream.write(content)
                return
            real = Path(os.path.realpath(self.path))
            real.parent.mkdir(parents=True, exist_ok=True)
            before = real.read_bytes() if self.appended and mode_of(real) is not None else b""
            part = beside(real.parent)
            try:
                part.write_bytes(before + content)
                if mode_of(real) is not None:
                    shutil.copymode(real, part)
                part.replace(real)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise CouldNotRun(f"{self} was not written: {error.strerror or error}.") from error

    def put_folder(self, content: Path) -> None:
        """Write a folder's files into the folder, the index last; other files there stay. Raises CouldNotRun."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            part = beside(self.path)
            try:
                shutil.copytree(content, part)
                files = sorted(
                    (path for path in part.rglob("*") if path.is_file()), key=lambda path: path.name == "index.html"
                )
                for file in files:
                    to = self.path / file.relative_to(part)
                    to.parent.mkdir(parents=True, exist_ok=True)
                    file.replace(to)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise CouldNotRun(f"{self} was not written: {error.strerror or error}.") from error


def mode_of(path: Path) -> int | None:
    """What stands at a path, links followed: its mode, None where there is nothing. Raises OSError where that can't be told."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def beside(folder: Path) -> Path:
    """A name in a folder that nothing else has, for what is being written."""
    return folder / f".{uuid.uuid4().hex}.part"


def check(places: list[Place], taken: dict[str, Path]) -> None:
    """Raise CouldNotRun where a place can't be written, or two options name the same. taken: what reports mustn't replace, by its name."""
    troubles = []
    names = {os.path.realpath(path): name for name, path in taken.items()}
    for place in places:
        real = os.path.realpath(place.path)
        trouble = f"is what {names[real]} names, too. Name another place." if real in names else place.trouble()
        if trouble:
            troubles.append(f"{place} {trouble}")
        elif not place.is_stream():
            names[real] = place.option
    if troubles:
        raise CouldNotRun("\n".join(troubles))
