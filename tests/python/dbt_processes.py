"""A process of its own for each dbt command, without the seconds that it takes to import dbt.

Run as a program, this file imports dbt once and forks a process for each command that it reads. The fork leaves the loop and goes on as the
`dbt` program would, to what Python does at its very end; its exit code, or the signal that ended it, is the answer. Run with arguments, it
is `dbt` itself. Either way dbt takes what was parsed with other vars, where these change nothing that is parsed.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DBT = str(Path(sys.executable).parent / "dbt")
# dbt as a program of its own. -P: a module of the tests is none of dbt's.
PROGRAM = (sys.executable, "-P", __file__)
# What is read as Python or a library starts: with another value than the server's, a command needs a start of its own.
AT_START = ("LANG", "LC_", "LD_", "MALLOC_", "PYTHON", "TZ")
# The vars by which sources, schemas and unit tests are there or not. The others are asked as a model is compiled, each time.
PARSED_VARS = ("events_path", "events_schema", "reference_path", "reference_schema", "schema_prefix")


def run(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run dbt in a folder, with this environment and no other; as subprocess.run() does, the output is captured."""
    if sys.platform != "linux" or at_start(environment) != at_start(dict(os.environ)):
        return subprocess.run(
            [*PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    with tempfile.TemporaryDirectory() as place:
        files = [os.devnull, f"{place}/stdout", f"{place}/stderr"]
        os.umask(mask := os.umask(0))
        print(json.dumps([arguments, str(folder), environment, mask, files]), file=server().stdin, flush=True)
        code = int(server().stdout.readline())
        stdout, stderr = (Path(file).read_text(encoding="utf-8") for file in files[1:])
    return subprocess.CompletedProcess([DBT, *arguments], code, stdout, stderr)


def at_start(environment: dict[str, str]) -> dict[str, str]:
    """The part of an environment that a fork can't take over any more."""
    return {name: value for name, value in environment.items() if name.startswith(AT_START)}


def parsed_vars(variables: dict[str, Any]) -> dict[str, Any]:
    """The part of dbt's vars that what it parses depends on: of a path only whether there is one."""
    found = {name: variables[name] for name in PARSED_VARS if variables.get(name)}
    return {name: name.endswith("_path") or value for name, value in found.items()}


@functools.cache
def server() -> subprocess.Popen[str]:
    """The process that is forked; it ends when its stdin does, at the latest with this process."""
    return subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def prepare() -> None:
    """Build what dbt derives from its own classes, which each fork would build for itself: a second of every command."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.contracts import project
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser import manifest

    # As dbt writes and reads what it parsed.
    written = Manifest().to_msgpack(manifest.extended_mashumaro_encoder)
    Manifest.from_msgpack(written, decoder=manifest.extended_mashumuro_decoder)
    for kind in (
        DuckDBCredentials,
        project.PackageConfig,
        project.ProfileConfig,
        project.Project,
        project.ProjectFlags,
    ):
        kind.json_schema()


def keep_what_was_parsed() -> None:
    """Have dbt parse everything anew for other PARSED_VARS only; by itself it does for any other var."""
    from dbt.parser.manifest import ManifestLoader

    described = ManifestLoader.build_manifest_state_check

    def describe(loader: ManifestLoader) -> Any:
        given = loader.root_project.cli_vars
        loader.root_project.cli_vars = parsed_vars(given)
        try:
            return described(loader)
        finally:
            loader.root_project.cli_vars = given

    ManifestLoader.build_manifest_state_check = describe


def leave_out_what_nobody_reads() -> None:
    """Have dbt describe an event only where a log takes it; by itself it describes each one for logs that then leave it out."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    fired = EventManager.fire_event

    def fire(self: EventManager, e: Any, level: Any = None, *others: Any, **named: Any) -> None:
        is_debug = (level or e.level_tag()) == EventLevel.DEBUG
        if not is_debug or self.callbacks or any(logger.level == EventLevel.DEBUG for logger in self.loggers):
            fired(self, e, level, *others, **named)

    EventManager.fire_event = fire


def remember(target: Path, read: dict[bytes, Any]) -> None:
    """Read what dbt has parsed, with the templates of its macros, for all forks to come: two seconds of every command.

    read: content of a file -> its manifest, of three files at most.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    from dbt_common.clients.jinja import template_cache

    file = target / "partial_parse.msgpack"
    if len(read) == 3 or not file.exists() or file.read_bytes() in read:
        return
    from_msgpack = Manifest.from_msgpack
    manifest = from_msgpack(content := file.read_bytes(), decoder=extended_mashumuro_decoder)
    read[content] = manifest
    Manifest.from_msgpack = lambda data, **options: manifest if data == content else from_msgpack(data, **options)
    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)


def serve() -> None:
    """Fork for each command; return in the fork only, with all that the command needs in place."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read: dict[bytes, Any] = {}
    for line in iter(sys.stdin.readline, ""):
        fork = os.fork()
        if fork == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            arguments, folder, environment, mask, files = json.loads(line)
            os.umask(mask)
            for number, file in enumerate(files):
                os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            sys.argv = [DBT, *arguments]
            return
        print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)
        arguments = json.loads(line)[0]
        if "--target-path" in arguments:
            remember(Path(arguments[arguments.index("--target-path") + 1]), read)
    sys.exit()


if __name__ == "__main__":
    for module in ("dbt.adapters.duckdb", "dbt.task.build"):
        importlib.import_module(module)
    from dbt.cli.main import cli

    keep_what_was_parsed()
    leave_out_what_nobody_reads()
    # dbt keeps nearly all that it makes, and looks through it for garbage again and again.
    gc.disable()
    if not sys.argv[1:]:
        prepare()
        serve()
    sys.exit(cli())
