"""`make pictures`: the scorecard as the docs show it, on a desktop, on a phone, in the dark and on paper."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
# The week of the outage, which has most to show.
CHOICE = {"week": "2026-03-16", "workflow": "(all)", "dimension": "all", "value": "all", "span": "week"}
# Name -> width, height, colours.
SCREENS = {
    "scorecard": (1200, 1560, "light"),
    "scorecard-phone": (390, 1560, "light"),
    "scorecard-dark": (1200, 1560, "dark"),
}


def main(page_file: str) -> None:
    """Writes the pictures. page_file: the page of the demo, as `make scorecard` writes it."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (width, height, colours) in SCREENS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
            page.goto(Path(page_file).resolve().as_uri())
            page.wait_for_function("globalThis.scorecard")
            page.evaluate("choice => scorecard.show(choice)", CHOICE)
            page.screenshot(path=IMAGES / f"{name}.png")
        page.emulate_media(media="print", color_scheme="light")
        paper = Path(folder) / "page.pdf"
        page.pdf(path=paper, prefer_css_page_size=True)
        browser.close()
        # The first sheet, by poppler-utils.
        picture = [
            "pdftoppm",
            "-png",
            "-r",
            "80",
            "-f",
            "1",
            "-l",
            "1",
            "-singlefile",
            str(paper),
            str(IMAGES / "scorecard-print"),
        ]
        subprocess.run(picture, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
