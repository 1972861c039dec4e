"""Every public table as a Parquet file, with zstd, its rows in the order of its columns."""

from __future__ import annotations

from pathlib import Path

from scripts.export.source import Source
from scripts.marts import literal, quoted, rows


def write(source: Source, folder: Path) -> dict[str, dict[str, int]]:
    """Write parquet/<table>.parquet for each table. Returns: file -> number of rows."""
    (folder / "parquet").mkdir()
    files = {}
    for table in source.tables:
        name = f"parquet/{table}.parquet"
        (copied,) = rows(
            source.connection,
            f"copy (from {quoted(table)} order by all) to {literal(str(folder / name))} (format parquet, compression zstd)",
        )
        files[name] = {"rows": copied["Count"]}
    return files
