"""dbt, but it stops itself as it says some words for the n-th time: `stopping_dbt.py WORDS N ARGUMENTS…`.

Whoever reads what a process prints, and stops it then, is late by as much as the machine is busy; here nothing is done after these words.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from dbt.cli.main import cli

sys.path.append(str(Path(__file__).parent))
from dbt_processes import keep_what_was_parsed

words, left = sys.argv[1], int(sys.argv[2])


def stop(event: Any) -> None:
    """Called by dbt with all that it says, in the thread that says it."""
    global left
    left -= words in event.info.msg
    if left == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        left = -1


if __name__ == "__main__":
    # A shell that started the tests in the background has left SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    del sys.argv[1:3]
    keep_what_was_parsed()
    sys.exit(cli(obj={"callbacks": [stop]}))
