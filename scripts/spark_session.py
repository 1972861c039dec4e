"""A throwaway Spark for trying the project and for its tests: one process that holds the session and runs dbt in it.

    python -m scripts.spark_session --data /tmp/spark -- build           # dbt's own arguments behind the dashes
    python -m scripts.spark_session --data /tmp/spark --serve            # commands from stdin, for tests
    python -m scripts.spark_session --data /tmp/spark --remove           # everything in it is gone

Warehouse, catalogue and what the executors write are in the folder. Its catalogue is an embedded Derby, which one process at
a time may open.
It needs PySpark and dbt-spark (.venv-spark has them), and Java 17. Keep nothing in it that you would miss.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Only a folder that bears this file is ever removed.
MARKER = ".closed_loop_spark"
# Two executors, each a process of its own with a core and 1 GB.
TWO_EXECUTORS = "local-cluster[2,1,1024]"
JAVA_VERSIONS = range(17, 22)
# Iceberg for Spark 3.5: a jar that a package of PyPI holds, and nothing is downloaded.
ICEBERG_PACKAGE = "snowpark_connect_deps_iceberg"
ICEBERG_JAR = "iceberg-spark-runtime-3.5_2.12-1.10.2.jar"
ICEBERG_SHA256 = "c562d482dcd16b666e808b755469fbc4b2604284b41622c9d87e2c02b7cc6c5f"


class SparkError(Exception):
    """What went wrong and what to do about it, in one line."""


def java_version() -> int | None:
    """The major version of the Java that Spark would start; none without one."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin/java") if home else shutil.which("java")
    if not program or not Path(program).exists():
        return None
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('version "')[2].partition('"')[0]
    number = version.removeprefix("1.").partition(".")[0]
    return int(number) if number.isdigit() else None


def iceberg_jar() -> Path:
    """Iceberg's jar, once its bytes are those that were tested."""
    found = importlib.util.find_spec(ICEBERG_PACKAGE)
    if not found or not found.origin:
        raise SparkError(
            "Iceberg is not installed here; use the Python of .venv-spark-iceberg (make .venv-spark-iceberg/installed)"
        )
    jar = Path(found.origin).parent / "jars" / ICEBERG_JAR
    if not jar.exists() or hashlib.sha256(jar.read_bytes()).hexdigest() != ICEBERG_SHA256:
        raise SparkError(f"{jar} is not the jar that was tested; install requirements-spark-iceberg.txt again")
    return jar


# These make small queries faster, and large ones slower.
JAVA_FOR_SMALL_DATA = " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
FOR_SMALL_DATA = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def settings(folder: Path, master: str, iceberg: Path | None, is_large: bool) -> dict[str, str]:
    """What goes into spark-defaults.conf."""
    for_small = "" if is_large else JAVA_FOR_SMALL_DATA
    java = f"-Dderby.system.home={folder}/derby -Dderby.stream.error.file={folder}/derby.log -Duser.timezone=UTC{for_small}"
    found = {
        "spark.master": master,
        "spark.driver.memory": "3g",
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": f"-Duser.timezone=UTC{for_small}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={folder}/derby/metastore_db;create=true"
        ),
        "spark.local.dir": f"{folder}/local",
    }
    if not is_large:
        found |= FOR_SMALL_DATA
    if iceberg:
        found |= {
            "spark.jars": str(iceberg),
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.spark_catalog": "org.apache.iceberg.spark.SparkSessionCatalog",
            "spark.sql.catalog.spark_catalog.type": "hive",
            "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",
        }
    return found


def prepare(folder: Path, master: str, iceberg: Path | None = None, is_large: bool = False) -> None:
    """Make the folder, or use the one that is there, and set what Spark reads from the environment."""
    version = java_version()
    if version not in JAVA_VERSIONS:
        raise SparkError(
            f"Spark needs Java 17 or 21, and {'there is none' if version is None else f'this is {version}'}; "
            "on Debian or Ubuntu: apt-get install openjdk-17-jre-headless"
        )
    pyspark = importlib.util.find_spec("pyspark")
    if not pyspark or not pyspark.origin:
        raise SparkError("PySpark is not installed here; use the Python of .venv-spark (make .venv-spark/installed)")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise SparkError(f"{folder} holds something else; choose a folder that is empty or does not exist")
    for name in ("conf", "derby", "warehouse", "local", "home"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARKER).touch()
    # Executors write into Spark's home: a home of their own, which borrows Spark's programs.
    for entry in Path(pyspark.origin).parent.iterdir():
        link = folder / "home" / entry.name
        if entry.name != "work" and not link.is_symlink():
            link.symlink_to(entry)
    lines = [f"{name} {value}\n" for name, value in settings(folder, master, iceberg, is_large).items()]
    (folder / "conf/spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    (folder / "conf/log4j2.properties").write_text(LOGGING, encoding="utf-8")
    os.environ.update(
        {
            "SPARK_CONF_DIR": str(folder / "conf"),
            "SPARK_HOME": str(folder / "home"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TZ": "UTC",
            "CLOSED_LOOP_SPARK_FORMAT": "iceberg" if iceberg else "parquet",
        }
    )
    time.tzset()


# PySpark 4 writes each failed query with its stack as JSON to stderr; dbt says what failed.
LOGGING = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
logger.context.name = SQLQueryContextLogger
logger.context.level = off
"""


def run_dbt(arguments: list[str]) -> bool:
    """One dbt command in this process and its session; whether it succeeded."""
    from dbt.cli.main import dbtRunner

    return dbtRunner().invoke([*arguments, "--target", "spark"]).success


def session() -> Any:
    """The session that dbt uses."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.enableHiveSupport().getOrCreate()


def answer(command: dict[str, Any]) -> Any:
    """
    What a line of --serve asks for: `dbt`, a list of arguments -> whether it succeeded; `sql`, a statement -> its rows; `export`, a dict of
    relation -> folder, into which its rows are written as Parquet.
    """
    os.environ.update(command.get("environment", {}))
    if "dbt" in command:
        return run_dbt(command["dbt"])
    if "sql" in command:
        return [list(row) for row in session().sql(command["sql"]).collect()]
    for relation, folder in command["export"].items():
        session().table(relation).coalesce(1).write.mode("overwrite").parquet(folder)
    return True


def serve() -> None:
    """Answer each line of stdin by one line of JSON on the stdout that the process had; all else goes to stderr."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            reply = {"answer": answer(json.loads(line))}
        except Exception as error:
            reply = {"error": str(error)}
        print(json.dumps(reply, default=str), file=replies, flush=True)


def remove(folder: Path) -> bool:
    """Remove a folder that prepare() made; whether there was one."""
    if not (folder / MARKER).exists():
        return False
    shutil.rmtree(folder)
    return True


def main() -> int:
    """Run one dbt command, serve, or remove; 0 where that succeeded."""
    parser = argparse.ArgumentParser(prog="python -m scripts.spark_session", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the folder of everything that it writes"
    )
    parser.add_argument("--master", default=TWO_EXECUTORS, help="where Spark runs (%(default)s)")
    parser.add_argument("--iceberg", action="store_true", help="write Iceberg, which builds can grow; else Parquet")
    parser.add_argument("--large", action="store_true", help="leave out the settings for small data")
    parser.add_argument("--serve", action="store_true", help="read commands from stdin, a line of JSON each")
    parser.add_argument("--remove", action="store_true", help="remove the folder")
    parser.add_argument("dbt", nargs="*", help="a dbt command, behind --")
    arguments = parser.parse_args()
    folder = arguments.data.absolute()
    try:
        if arguments.remove:
            print(f"removed: {folder}" if remove(folder) else f"no Spark in {folder}", file=sys.stderr)
            return 0
        prepare(folder, arguments.master, iceberg_jar() if arguments.iceberg else None, arguments.large)
        if arguments.serve:
            serve()
            return 0
        return 0 if run_dbt(arguments.dbt) else 1
    except (SparkError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
