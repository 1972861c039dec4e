"""The page of a check: one file that needs no server. All texts of the data are escaped."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import jinja2

from scripts.check import words
from scripts.check.look import Report
from scripts.marts import Unreadable

TEMPLATE = Path(__file__).with_name("page.html")


def html(report: Report) -> str:
    """The page."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(report=report, words=words)


def write(file: Path, text: str) -> None:
    """Writes a file whole, or leaves it as it was. Raises Unreadable."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise Unreadable(
            f"{file} can't be written: {error.strerror}. Name a file in a folder that is there."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as beside:
            beside.write(text)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
