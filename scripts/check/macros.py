"""The project's macros and models as dbt renders them for DuckDB, without dbt: what a build would ask and say.

So the contract, the checks before a build and the rules of quarantine stay written down once. Only what they need of dbt is here.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import re
from collections.abc import Callable, Mapping
from types import CodeType, SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytz
import yaml

from scripts.marts import ROOT, literal

MACRO = re.compile(r"({%-?\s*macro\s+(\w+)\(.*?{%-?\s*endmacro\s*-?%})", re.DOTALL)
# What a first look makes: whether rows are accepted, and whether they can show a KPI.
MODELS = (
    "staging/**/*",
    "**/int_writeback__attempted",
    "**/int_event__facts",
    "**/int_kpi__gaps",
    "**/dim_kpi",
    "**/rpt_kpi_coverage",
)
# What grows from build to build is read by no first look.
FIRST_BUILD = {"is_incremental": lambda: False, "this": None}


def environment() -> jinja2.Environment:
    """Jinja as dbt sets it up, as far as the project's macros need it."""
    return jinja2.Environment(extensions=["jinja2.ext.do"], optimized=False)


@functools.cache
def code_of(source: str) -> CodeType:
    """A text, compiled: what takes longest, so that a process does it once."""
    return environment().compile(source)


@functools.cache
def project_settings() -> dict[str, Any]:
    """What dbt_project.yml says; a process reads it once."""
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))


class Refused(Exception):
    """What a build would stop at before it reads anything; the text is what it says."""


class Returned(Exception):
    """How a macro hands back a value, from wherever in it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Row(dict[str, Any]):
    """A row of a result: its values by name or by place."""

    def __getitem__(self, key: str | int) -> Any:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


class Result(list[Row]):
    """The rows of a query, as macros walk them."""

    @property
    def rows(self) -> Result:
        """The same rows."""
        return self

    @property
    def columns(self) -> list[SimpleNamespace]:
        """Each column, with its `values()`."""
        names = list(self[0]) if self else []
        return [SimpleNamespace(values=lambda name=name: [row[name] for row in self]) for name in names]


class Project:
    """The macros and models, for one connection and one set of vars.

    said: what a build would note or warn of, in its words, as macros that were called say it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, variables: Mapping[str, Any]) -> None:
        self.connection = connection
        self.said: list[str] = []
        settings = project_settings()
        self.variables = {**settings["vars"], **variables}
        self.models = {path.stem: path for pattern in MODELS for path in ROOT.glob(f"models/{pattern}.sql")}
        self.seeds = {path.stem: path for path in ROOT.glob("seeds/reference/*.csv")}
        self.made: set[str] = set()
        self.macros: dict[str, Callable[..., Any]] = {}
        self.environment = environment()
        self.environment.globals.update(self.context(settings["vars"], variables))
        for path in ROOT.glob("macros/**/*.sql"):
            for source, name in MACRO.findall(path.read_text(encoding="utf-8")):
                self.environment.globals[name] = functools.partial(self.call_macro, name, source)

    def context(self, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """What macros call that is dbt's own."""
        path = self.connection.execute("select current_database()").fetchall()[0][0]
        config = SimpleNamespace(
            project_root=str(ROOT),
            vars=SimpleNamespace(to_dict=lambda: dict(defaults)),
            cli_vars=dict(given),
            load_dependencies=lambda: {"closed_loop": None},
        )
        types = {"string": "varchar", "boolean": "boolean", "bigint": "bigint"}
        return {
            **FIRST_BUILD,
            "execute": True,
            "project_name": "closed_loop",
            "set": set,
            "graph": {},
            "return": self.give_back,
            "var": self.variables.__getitem__,
            "env_var": lambda name, default="": os.environ.get(name, default),
            "config": lambda **_: "",
            "run_query": self.run_query,
            "ref": self.ref,
            "log": lambda text, info=False: self.note(text) if info else "",
            "flags": SimpleNamespace(WHICH="build", EMPTY=False, TARGET_PATH=""),
            "target": SimpleNamespace(name="check", database=path, path=":memory:"),
            "exceptions": SimpleNamespace(raise_compiler_error=self.refuse, warn=self.note),
            "adapter": SimpleNamespace(dispatch=self.dispatch, get_relation=lambda **_: None, config=config),
            "modules": SimpleNamespace(re=re, datetime=dt, pytz=pytz),
            "dbt": SimpleNamespace(
                **{f"type_{name}": lambda name=name: types[name] for name in types},
                listagg=lambda text, between, order: f"string_agg({text}, {between} {order})",
                string_literal=lambda text: f"'{text}'",
                escape_single_quotes=lambda text: text.replace("'", "''"),
                date_trunc=lambda part, moment: f"date_trunc('{part}', {moment})",
            ),
        }

    def call_macro(self, name: str, source: str, *values: Any, **named: Any) -> Any:
        """What a macro gives: what it hands back, or else its text. It is compiled at its first call, because most are never called."""
        if name not in self.macros:
            self.macros[name] = getattr(self.template(source).module, name)
        try:
            return self.macros[name](*values, **named)
        except Returned as returned:
            return returned.value

    def template(self, source: str) -> jinja2.Template:
        """The template of a text."""
        return jinja2.Template.from_code(self.environment, code_of(source), self.environment.globals)

    def call(self, name: str, *values: Any, **named: Any) -> Any:
        """What a macro of the project gives. Raises Refused, or DuckDB's errors."""
        return self.environment.globals[name](*values, **named)

    def relation(self, name: str) -> str:
        """A model, made as a build that is the first would make it; its name. Raises Refused, or DuckDB's errors."""
        if name not in self.made:
            # Before what it reads, which is never itself.
            self.made.add(name)
            query = self.template(self.models[name].read_text(encoding="utf-8")).render()
            is_stored = name.startswith("base_") or name == "stg_events__as_of"
            self.connection.execute(f"create temp {'table' if is_stored else 'view'} {name} as {query}")
        return name

    def replace(self, name: str, query: str) -> None:
        """Puts a query in the place of a model."""
        self.connection.execute(f"create temp view {name} as {query}")
        self.made.add(name)

    def replace_macro(self, name: str, other: Callable[..., Any]) -> Callable[..., Any]:
        """Puts a function in the place of a macro; what was there."""
        written = self.environment.globals[name]
        self.environment.globals[name] = other
        return written

    def ref(self, name: str) -> str:
        """What a model or seed is read by."""
        if name in self.seeds:
            return self.call("file_relation", {"name": f"{name}.csv", "paths": literal(str(self.seeds[name]))})
        return self.relation(name) if name in self.models else name

    def run_query(self, query: str) -> Result:
        """The rows of a query."""
        result = self.connection.execute(query)
        names = [column[0] for column in result.description or []]
        return Result(Row(zip(names, row, strict=True)) for row in result.fetchall())

    def dispatch(self, name: str, _: str) -> Callable[..., Any]:
        """DuckDB's variant of a macro."""
        return self.environment.globals[f"duckdb__{name}"]

    def note(self, text: str) -> str:
        """Keeps what a build would say."""
        self.said.append(str(text))
        return ""

    @staticmethod
    def give_back(value: Any = None) -> None:
        """Ends a macro with a value."""
        raise Returned(value)

    @staticmethod
    def refuse(text: str) -> None:
        """Stops as a build would."""
        raise Refused(text)
