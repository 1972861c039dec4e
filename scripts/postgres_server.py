"""A throwaway PostgreSQL server for trying the project and for its tests, from the packages of the system.

    eval "$(python -m scripts.postgres_server start)"   # sets PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE
    dbt build --target postgres
    python -m scripts.postgres_server stop              # everything in it is gone

It listens on the loopback address only and asks for no password: whoever can log in to this machine can use it. It does
not survive a crash: keep nothing in it. Its collation (ICU, English) and its time zone (Los Angeles) are chosen to
expose SQL that relies on byte order or on UTC. Tests use `running_server()`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

OLDEST_VERSION = 15
HOST, USER, DATABASE = "127.0.0.1", "postgres", "closed_loop"
TIME_ZONE = "America/Los_Angeles"
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / f"closed_loop_postgres_{os.geteuid()}"
# Only a folder that bears this file is ever removed.
MARKER = ".closed_loop_postgres"
# A unix socket's path may have 107 bytes.
LONGEST_FOLDER = 107 - len("/socket/.s.PGSQL.65535")


class PostgresError(Exception):
    """What went wrong and what to do about it, in one line."""


class PostgresMissing(PostgresError):
    """No PostgreSQL of a version that serves is installed."""


# Programs ------------------------------------------------------------------------------------------------------------


@functools.cache
def find_programs() -> Path:
    """The folder of the newest server's programs: in Debian's own place, where `pg_config` says, or on the PATH."""
    candidates = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if shutil.which("pg_config"):
        found = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(found.stdout.strip()))
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    versions = {folder: version for folder in candidates if (version := version_of(folder))}
    if not versions:
        raise PostgresMissing("no PostgreSQL server is installed; on Debian or Ubuntu: apt-get install postgresql")
    programs = max(versions, key=versions.__getitem__)
    if versions[programs] < OLDEST_VERSION:
        raise PostgresMissing(
            f"PostgreSQL {versions[programs]} in {programs} is too old; install version {OLDEST_VERSION} or later"
        )
    return programs


def version_of(programs: Path) -> int | None:
    """The major version of a folder's server; none where a program is missing or does not run."""
    if not all((programs / name).exists() for name in ("initdb", "pg_ctl", "postgres", "createdb")):
        return None
    with contextlib.suppress(OSError):
        found = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False)
        if match := re.search(r"(\d+)", found.stdout):
            return int(match[1])
    return None


def server_account() -> dict:
    """The arguments of `subprocess` that leave root's account, in which PostgreSQL refuses to run; none elsewhere."""
    if os.geteuid() != 0:
        return {}
    import pwd

    try:
        account = pwd.getpwnam(USER)
    except KeyError:
        raise PostgresMissing(
            f"root can't run PostgreSQL and there is no user {USER}; start it as another user"
        ) from None
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def run_program(folder: Path, name: str, *arguments: str | Path) -> None:
    """Run one of the server's programs; raises with what it said where it fails."""
    log = folder / "server.log"
    # The caller's own PG… variables must not lead the programs elsewhere.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
    with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would keep it open
        done = subprocess.run(
            [find_programs() / name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            check=False,
            **server_account(),
        )
        if done.returncode != 0:
            output.seek(0)
            said = (log.read_text(errors="replace") if log.exists() else "") + output.read()
            faults = re.findall(
                r"^.*?((?:could not|unrecognized|invalid|error:|fatal:).*)$", said, re.IGNORECASE | re.MULTILINE
            )
            raise PostgresError(f"{name} failed: {'; '.join(faults) or ' '.join(said.split()) or 'no reason given'}")


# The server ----------------------------------------------------------------------------------------------------------


def server_process(folder: Path) -> int | None:
    """The process id of the folder's server; none where none runs, whatever a crash left in the folder."""
    try:
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(process, 0)
        # Another process may have taken the number; a server works in its data folder.
        if Path("/proc/self/cwd").exists() and not Path(f"/proc/{process}/cwd").samefile(folder / "data"):
            return None
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    except PermissionError:
        raise PostgresError(f"{folder} belongs to another user") from None
    return process


def running_port(folder: Path) -> int | None:
    """The port of the folder's server; none where none runs."""
    if not server_process(folder):
        return None
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    if lines[-1].strip() != "ready":
        raise PostgresError(f"the server in {folder} is starting or stopping; try again")
    return int(lines[3])


def free_port(wanted: int | None) -> int:
    """The wanted port, or any; raises where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except (OSError, OverflowError) as error:
            raise PostgresError(
                f"port {wanted} can't be used ({error}); choose another, or none for a free one"
            ) from None
        return probe.getsockname()[1]


def environment_of(port: int) -> dict[str, str]:
    """The environment in which dbt and every PostgreSQL client find the server."""
    return {"PGHOST": HOST, "PGPORT": str(port), "PGUSER": USER, "PGPASSWORD": "", "PGDATABASE": DATABASE}


def settings(folder: Path, port: int) -> str:
    """What is added to the server's configuration."""
    path = str(folder / "socket").replace("'", "''")
    return f"""
listen_addresses = '{HOST}'
port = {port}
unix_socket_directories = '{path}'
timezone = '{TIME_ZONE}'
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
"""


def make_folder(folder: Path) -> None:
    """An empty folder for one server, owned by the account that runs it."""
    if len(os.fsencode(folder)) > LONGEST_FOLDER:
        raise PostgresError(f"{folder} is too long a path for a unix socket; choose a data folder with a shorter one")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PostgresError(f"{folder} holds something else; choose a data folder that is empty or does not exist")
    account = server_account()
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / MARKER).touch()
    (folder / "socket").mkdir(mode=0o700)
    if account:
        for path in (folder, folder / MARKER, folder / "socket"):
            os.chown(path, account["user"], account["group"])


def start(folder: Path, port: int | None = None) -> dict[str, str]:
    """Start the server of a folder, or find it running; returns its environment. What fails leaves nothing behind."""
    folder = folder.absolute()
    running = running_port(folder)
    if running and port not in (None, running):
        raise PostgresError(f"the server in {folder} already runs on port {running}; stop it first")
    if running:
        return environment_of(running)
    find_programs()
    if port:
        free_port(port)
    stop(folder)  # what a crash or a reboot left
    try:
        make_folder(folder)
        run_program(
            folder, "initdb", "--pgdata", folder / "data", "--username", USER, "--auth", "trust", "--no-sync",
            "--encoding", "UTF8", "--locale", "C", "--locale-provider", "icu", "--icu-locale", "en-US",
        )  # fmt: skip
        # At the last moment: others look for a free one too.
        port = free_port(port)
        with (folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(settings(folder, port))
        run_program(folder, "pg_ctl", "start", "--wait", "--pgdata", folder / "data", "--log", folder / "server.log")
        run_program(folder, "createdb", "--host", HOST, "--port", str(port), "--username", USER, DATABASE)
    except BaseException:
        stop(folder)
        raise
    return environment_of(port)


def stop(folder: Path) -> bool:
    """Stop the server of a folder and remove the folder; whether there was one."""
    folder = folder.absolute()
    if not (folder / MARKER).exists():
        return False
    if server_process(folder):
        run_program(folder, "pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", folder / "data")
    shutil.rmtree(folder)
    return True


@contextlib.contextmanager
def running_server(port: int | None = None) -> Iterator[dict[str, str]]:
    """A server of one's own for the duration of a `with`: its environment."""
    folder = Path(tempfile.mkdtemp(prefix="closed_loop_postgres_"))
    try:
        yield start(folder, port)
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


# The command ---------------------------------------------------------------------------------------------------------


def main() -> int:
    """Start, stop or look for the server; 0 where that succeeded."""
    parser = argparse.ArgumentParser(prog="python -m scripts.postgres_server", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["start", "stop", "status"])
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="data folder (%(default)s)")
    parser.add_argument("--port", type=int, metavar="N", help="port to start on (a free one)")
    arguments = parser.parse_args()
    folder = arguments.data.absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments.command == "stop":
            print(f"stopped and removed: {folder}" if stop(folder) else f"no server in {folder}", file=sys.stderr)
            return 0
        if arguments.command == "start":
            environment = start(folder, arguments.port)
        elif port := running_port(folder):
            environment = environment_of(port)
        else:
            raise PostgresError(f"no server runs in {folder}")
    except (PostgresError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
