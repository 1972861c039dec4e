"""XES, the XML of event logs, as one JSON object per event: read as a stream, one case in memory at a time."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from scripts.map_log.mapping import NotMapped

# What a trace's attributes are called on its events, as other XES readers call them.
OF_THE_CASE = "case:"


class Reader:
    """Writes the events of a log as they come. columns: the keys that were met, in their order."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.columns: dict[str, None] = {}
        self.case: dict[str, str] = {}
        self.events: list[dict[str, str]] = []
        # What an attribute belongs to here: an event or the case; None where it is the log's own.
        self.owner: dict[str, str] | None = None
        # The keys of the open elements, None where one has none.
        self.keys: list[str | None] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse

    def refuse(self, *_: Any) -> None:
        """XES has no document type; one may declare entities, which can be made to fill the memory or to read other files."""
        raise NotMapped(
            "it declares a document type, which XES doesn't have. Remove the DOCTYPE, if you trust the file."
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins. Of several attributes with one key the first counts."""
        self.keys.append(attributes.get("key"))
        kind = name.rpartition(" ")[2]
        if kind == "trace":
            self.owner = self.case
        elif kind == "event":
            if self.owner is None:
                raise NotMapped("it has an event outside a trace, which belongs to no case.")
            self.owner = {}
            self.events.append(self.owner)
        elif self.owner is not None and "key" in attributes and "value" in attributes:
            key = ":".join(filter(None, self.keys))
            column = OF_THE_CASE + key if self.owner is self.case else key
            self.columns.setdefault(column)
            self.owner.setdefault(column, attributes["value"])

    def end(self, name: str) -> None:
        """An element ends. Attributes of a case may stand behind its events, so that they are written with its end."""
        self.keys.pop()
        kind = name.rpartition(" ")[2]
        if kind == "event":
            self.owner = self.case
        elif kind == "trace":
            self.out.writelines(json.dumps({**self.case, **event}) + "\n" for event in self.events)
            self.case, self.events, self.owner = {}, [], None


def as_json_lines(file: Path, out: Path) -> list[str]:
    """Writes the events of an XES file, packed by gzip or not, as one JSON object of texts per line; the columns. Raises NotMapped."""
    opening = gzip.open if file.suffix.lower() == ".gz" else open
    with opening(file, "rb") as source, out.open("w", encoding="utf-8") as lines:
        reader = Reader(lines)
        try:
            reader.parser.ParseFile(source)
        except (expat.ExpatError, LookupError, ValueError) as error:
            # The last two are about its encoding.
            raise NotMapped(f"it isn't valid XML: {error}") from error
    return list(reader.columns)
