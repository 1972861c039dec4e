"""The page as one HTML file: the figures, drawn for one choice, and the code that draws them for any other."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from pathlib import Path
from string import Template
from typing import Any

import quickjs

FOLDER = Path(__file__).parent
# What draws, in the build and in the browser; each file uses only those before it.
DRAWING = ("../words.js", "markup.js", "cells.js", "charts.js", "sections.js")


def source(*names: str) -> str:
    """The text of files of this folder, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def as_json(value: Any) -> str:
    """A value as compact JSON. Raises ValueError for figures that JSON doesn't have."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Renderer:
    """The page's drawing code with one set of figures, in an embedded JavaScript engine."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self._context = quickjs.Context()
        self._context.eval(f"'use strict';\n{source(*DRAWING)}")
        self._context.eval(
            """
            let page;
            const CALLS = {
                take: (figures) => { page = prepare(figures); },
                first: (week, workflow) => defaultChoice(page, week, workflow),
                draw: (choice) => render(page, choice),
                title: (choice) => titleOf(choice),
            };
            function call(name, values) { return JSON.stringify(CALLS[name](...JSON.parse(values)) ?? null); }
            """
        )
        self._call("take", figures)

    def _call(self, name: str, *values: Any) -> Any:
        return json.loads(self._context.get("call")(name, as_json(values)))

    def choice(self, week: str | None = None, workflow: str | None = None) -> dict[str, str]:
        """What is shown where only these are said; the latest final week of all workflows by default."""
        return self._call("first", week, workflow)

    def content(self, choice: dict[str, str]) -> str:
        """The HTML of `main`."""
        return self._call("draw", choice)

    def title(self, choice: dict[str, str]) -> str:
        """The page's title, as text."""
        return self._call("title", choice)


def page(figures: dict[str, Any], renderer: Renderer, choice: dict[str, str]) -> str:
    """The whole file."""
    script = f"\n'use strict';\n{{\n{source(*DRAWING, 'browser.js')}\n}}\n"
    style = source("page.css")
    packed = gzip.compress(as_json(figures).encode(), compresslevel=9, mtime=0)
    return Template(source("page.html")).substitute(
        title=html.escape(renderer.title(choice)),
        style=style,
        style_hash=fingerprint(style),
        script=script,
        script_hash=fingerprint(script),
        choice=html.escape(as_json(choice)),
        content=renderer.content(choice),
        figures=base64.b64encode(packed).decode("ascii"),
    )


def fingerprint(text: str) -> str:
    """A text's hash as a content security policy names it: only this script and this style run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
