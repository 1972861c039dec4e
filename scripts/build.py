"""`make build`: a dbt build that says where it is, and what to do next. Arguments are those of `dbt build`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click
from dbt.cli.main import dbtRunner

from scripts import held_file

# In the order of the data's way; what is in no folder of these is a part of the build's own records.
STEPS = ("seeds", "staging", "intermediate", "marts", "records", "tests")


def step_of(resource_type: str, path: str) -> str:
    """The step that a node belongs to. path: of its file, as dbt gives it."""
    if resource_type in ("seed", "test", "unit_test"):
        return "seeds" if resource_type == "seed" else "tests"
    folder = path.replace("\\", "/").split("/")[0]
    return folder if folder in STEPS else "records"


class Progress:
    """Counts nodes as dbt finishes them; a bar in a terminal, nothing elsewhere until it is over."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.bar: Any = None

    def __call__(self, event: Any) -> None:
        """dbt calls it at each event."""
        if event.info.name == "ConcurrencyLine" and self.bar is None:
            self.bar = click.progressbar(
                length=event.data.node_count, label="Building", file=sys.stderr, item_show_func=lambda step: step
            )
            self.bar.__enter__()
        if event.info.name == "NodeFinished":
            node = event.data.node_info
            step = step_of(node.resource_type, node.node_path)
            self.done[step] += 1
            if self.bar is not None:
                self.bar.update(1, step)

    def close(self) -> None:
        """Ends the bar, and says how many nodes each step had."""
        if self.bar is not None:
            self.bar.__exit__(None, None, None)
        if self.done:
            print(" → ".join(f"{self.done[step]} {step}" for step in STEPS if self.done[step]), flush=True)


def main(arguments: list[str]) -> int:
    """0 where everything was built, 1 where something failed, 2 where dbt could not begin."""
    if held_file.main():
        return 1
    progress = Progress()
    result = dbtRunner(callbacks=[progress]).invoke(["--log-level", "warn", "build", *arguments])
    progress.close()
    if result.exception is not None:
        return 2
    if result.success:
        print("Next: make scorecard writes the week's figures on one page; README.md has a tour of five minutes.")
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
