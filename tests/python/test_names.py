"""A var that doesn't exist is named, with the nearest one that does. The macros are called here without dbt, as a project and as a package.

That a build and the gates ask them: test_bad_input.py, test_gate.py, test_analyses.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import yaml
from project import ROOT

MACRO = re.compile(r"\{%-? macro (\w+)\(.*?\{%-? endmacro -?%\}", re.DOTALL)
OWN_VARS = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]


class Returned(Exception):
    """Carries what a macro returns, as in dbt."""


def macros(*files: str, **context: Any) -> SimpleNamespace:
    """The macros of some files as functions. context: what dbt would give them."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])

    def leave(value: Any) -> None:
        raise Returned(value)

    def function(template: jinja2.Template, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            try:
                return getattr(template.module, name)(*arguments)
            except Returned as returned:
                return returned.args[0]

        return call

    known = {"return": leave, "modules": SimpleNamespace(re=re), **context}
    for file in files:
        for text in MACRO.finditer((ROOT / "macros" / file).read_text()):
            known[text[1]] = function(environment.from_string(text[0], globals=known), text[1])
    return SimpleNamespace(**known)


def problems(project: str, project_vars: dict[str, Any], cli_vars: dict[str, Any]) -> list[str]:
    """What check_names() says in a project of a name."""
    config = SimpleNamespace(
        cli_vars=cli_vars,
        vars=SimpleNamespace(to_dict=lambda: project_vars),
        load_dependencies=lambda: dict.fromkeys([project, "closed_loop", "dbt_utils", "dbt"]),
    )
    adapter = SimpleNamespace(config=config)
    files = ("builds/inputs.sql", "checks/check_names.sql")
    return macros(*files, adapter=adapter, project_name=project).check_names()


# What was written -> what is meant.
MISSPELT = {
    "event_path": "events_path",
    "EVENTS_PATH": "events_path",
    "events-schema": "events_schema",
    "evnts_schema": "events_schema",
    "events_paths": "events_path",
    "reference_paht": "reference_path",
    "asof": "as_of",
    "as-of": "as_of",
    "Reporting_Timezone": "reporting_timezone",
    "start_quiet_hours": "quiet_hours_start",
    "history_strat": "history_start",
    "min_samples": "min_sample",
    "baseline_week": "baseline_weeks",
    "setling_hours": "settling_hours",
    "schema_prefx": "schema_prefix",
    "ask_kpi_ids": "ask_kpi_id",
    "allow_others_events": "allow_other_events",
    # Not in ASCII: the first letter is Cyrillic.
    "\u0435vents_path": "events_path",
}


def test_a_misspelt_var_is_named_with_the_one_that_is_meant() -> None:
    expected = [f"there is no var {wrong}; did you mean {right}?" for wrong, right in MISSPELT.items()]
    given = dict.fromkeys(MISSPELT, "x")
    assert problems("closed_loop", OWN_VARS, given) == expected
    assert problems("closed_loop", {**OWN_VARS, **given}, {}) == expected
    assert problems("closed_loop", {**OWN_VARS, "closed_loop": given}, {}) == expected
    # A package that doesn't give its vars to anybody, or that gives them to this one.
    elsewhere = problems("acme", given, {})
    assert [sentence.split("?")[0].replace(" of closed_loop", "") + "?" for sentence in elsewhere] == expected
    assert problems("acme", {}, given) == elsewhere
    assert problems("acme", {"closed_loop": given}, {}) == expected


@pytest.mark.parametrize(
    ("project_vars", "cli_vars", "says"),
    [
        ({}, {"timezone": "UTC"}, ["there is no var timezone; did you mean reporting_timezone?"]),
        ({}, {"colour": "red"}, ["there is no var colour; docs/settings.md lists those that there are."]),
        ({}, {"": 1}, ["there is no var ; docs/settings.md lists those that there are."]),
        ({}, {"closed_loop": {"as_of": 1}}, ["closed_loop is no var: --vars takes no package's name."]),
        ({"closed-loop": {"as_of": 1}}, {}, ["there is no var closed-loop; did you mean closed_loop?"]),
        ({"dbt_utils": {"event_path": "x"}, "closed_loop": {"as_of": None}}, {}, []),
        ({}, dict.fromkeys(OWN_VARS), []),
    ],
)
def test_in_this_project_no_other_var_passes(
    project_vars: dict[str, Any], cli_vars: dict[str, Any], says: list[str]
) -> None:
    found = problems("closed_loop", {**OWN_VARS, **project_vars}, cli_vars)
    assert len(found) == len(says) and all(map(str.startswith, found, says)), found


@pytest.mark.parametrize(
    ("project_vars", "cli_vars", "says"),
    [
        # Its own business, however it is given.
        (
            {"start_date": 1, "raw_events_path": 2, "event_date": 3, "as_at": 4, "is_ok": 5, "events": {"path": 6}},
            {"colour": "red", "timezone": "UTC", "path": "/data"},
            [],
        ),
        ({"acme": {"event_path": "x"}}, {"event_path": "y"}, []),
        ({"dbt_utils": {"as_off": 1}, "events_path": "x"}, {"closed_loop_dir": "x"}, []),
        # What is given to this package has to be known, near or not.
        ({"closed_loop": {"colour": "red"}}, {}, ["there is no var colour; docs/settings.md"]),
        ({"close_loop": {"events_path": "x"}}, {}, ["there is no var close_loop of closed_loop; did you mean closed_loop?"]),
        ({}, {"closed_loop": {"as_of": 1}}, ["closed_loop is no var"]),
        (
            {},
            {"event_path": "x"},
            [
                "there is no var event_path of closed_loop; did you mean events_path? If it is one of acme's own, set it in "
                "dbt_project.yml under vars: acme:."
            ],
        ),
    ],
)  # fmt: skip
def test_in_a_project_that_uses_this_one_only_near_misses_count(
    project_vars: dict[str, Any], cli_vars: dict[str, Any], says: list[str]
) -> None:
    found = problems("acme", project_vars, cli_vars)
    assert len(found) == len(says) and all(map(str.startswith, found, says)), found


def test_every_var_is_known() -> None:
    """The list of names is that of dbt_project.yml, and what the analyses ask for."""
    known = macros("builds/inputs.sql", "checks/check_names.sql").known_vars()
    asking = [*(ROOT / "analyses").glob("*.sql"), ROOT / "macros/analyses/ask.sql"]
    asked = {name for path in asking for name in re.findall(r"'(ask_\w+)'", path.read_text())}
    assert sorted(known) == sorted({*OWN_VARS, *asked})


# The same place, however it is written; and places that are not the same.
PLACES = {
    "events": ["events", "./events", "events/", "events//", "././events/."],
    "/data/events": ["/data/events", "/data//events/", "//data/./events"],
    "/": ["/", "//"],
    ".": [".", "./"],
    "/data/../events": ["/data/../events"],
    "Events": ["Events"],
    "s3://bucket//events": ["s3://bucket//events", "s3://bucket//events/"],
    "s3://bucket/events": ["s3://bucket/events"],
}


def test_a_path_is_one_place_however_it_is_written() -> None:
    described = macros("history/events_held.sql").described_events
    for place, ways in PLACES.items():
        assert [described(way, None) for way in ways] == [{"kind": "path", "place": place}] * len(ways)
    assert described(None, "raw") == described("", "raw") == {"kind": "schema", "place": "raw"}
    assert described(None, None) == described("", "") == {"kind": "demo", "place": None}
