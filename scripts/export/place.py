"""Where an export goes: a folder that is written beside its place and renamed at the end, so that it is whole or not there."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.marts import Unreadable, clean

# What says that a folder is an export, and lists its files.
INDEX = "export.json"
MADE_BY = "closed_loop scripts.export"


class Place:
    """A folder to be exported into. folder: what is written into meanwhile; spill: for what doesn't fit into memory."""

    def __init__(self, out: Path) -> None:
        # The folder itself, not a link to it, takes the name.
        self.out = out.resolve()
        check(self.out)
        # Beside it, so that it is renamed and never copied.
        self.beside = tempfile.TemporaryDirectory(prefix=".export_", dir=self.out.parent)
        self.folder = Path(self.beside.name) / "new"
        self.spill = Path(self.beside.name) / "spill"
        self.folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.beside.cleanup()

    def finish(self, described: dict[str, Any], files: dict[str, dict[str, int]]) -> None:
        """List the files, and put the folder in its place. described: what they are of; files: name -> how many of what is in it."""
        listed = {
            name: {**counts, "bytes": (self.folder / name).stat().st_size, "sha256": digest(self.folder / name)}
            for name, counts in files.items()
        }
        index = {"made_by": MADE_BY, **described, "files": listed}
        (self.folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
        # It may have been filled in the meantime.
        check(self.out)
        swap(self.folder, self.out, Path(self.beside.name) / "before")


def swap(new: Path, out: Path, before: Path) -> None:
    """Puts a finished folder in its place by renames, so that `out` is the old one or the new one. before: where the old one goes."""
    try:
        if out.exists():
            out.rename(before)
        new.rename(out)
    except BaseException:
        # Ctrl-C may come behind either rename.
        if before.exists() and not out.exists():
            before.rename(out)
        raise


def check(out: Path) -> None:
    """Raises Unreadable where a folder may not take that place, because something else is there, or nothing around it."""
    if not out.parent.is_dir():
        raise Unreadable(f"there is no folder {clean(out.parent)}. Make it, or name another with --out.")
    if not out.exists():
        return
    if not out.is_dir():
        raise Unreadable(f"{clean(out)} is no folder. Name another with --out.")
    found = {str(path.relative_to(out)) for path in out.rglob("*") if not path.is_dir()}
    strange = sorted(found - earlier_files(out))
    if strange:
        raise Unreadable(
            f"{clean(out)} holds {clean(strange[0])}, which is not of an earlier export. Name an empty folder, or one that isn't there."
        )


def earlier_files(out: Path) -> set[str]:
    """The files of an earlier export in a folder; none where there was none."""
    try:
        index = json.loads((out / INDEX).read_text(encoding="utf-8"))
        return {INDEX, *index["files"]} if index["made_by"] == MADE_BY else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
