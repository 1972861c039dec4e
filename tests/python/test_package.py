"""closed_loop as a package of another project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from faults import FIRST, SECOND, Stage, Stages
from project import ROOT, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, dbt, query


@pytest.mark.slow
def test_another_project_builds_the_same_figures(stages: Stages, tmp_path: Path) -> None:
    """With its own profile, and vars in its own dbt_project.yml: builds, an increment, and what is not its business."""
    acme = tmp_path / "acme"
    (acme / "models").mkdir(parents=True)
    inputs = stages.first.inputs
    project = {
        "name": "acme",
        "profile": "acme",
        "vars": {"closed_loop": {f"{kind}_path": f"inputs/{kind}" for kind in ("events", "reference")}},
        "models": {"acme": {"materialized": "incremental"}},
        "flags": {"send_anonymous_usage_stats": False},
    }
    database = {"type": "duckdb", "path": "closed_loop.duckdb", "schema": "acme", "threads": 2}
    (acme / "dbt_project.yml").write_text(yaml.safe_dump(project))
    (acme / "profiles.yml").write_text(yaml.safe_dump({"acme": {"target": "dev", "outputs": {"dev": database}}}))
    (acme / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    (acme / "models/paid_cases.sql").write_text("select case_id from {{ ref('closed_loop', 'fct_case_journey') }}")
    # What `dbt deps` does.
    (acme / "dbt_packages").mkdir()
    (acme / "dbt_packages/closed_loop").symlink_to(ROOT)

    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "inputs").symlink_to(inputs)
    # dbt would read acme's table in place of that of closed_loop.
    (acme / "models/time_zones.sql").write_text("select 'UTC' as name")
    result = dbt("build", folder=folder, project=acme)
    assert result.returncode != 0 and "model.acme.time_zones" in result.stdout, result.stdout[-3000:]
    assert "require_ref_searches_node_package_before_root" in result.stdout
    (acme / "models/time_zones.sql").unlink()

    (acme / "models/opened.sql").write_text("select case_id from {{ ref('closed_loop', 'int_case__opened') }}")
    result = dbt("parse", folder=folder, project=acme)
    assert result.returncode != 0 and "which is not allowed because the referenced node is protected" in result.stdout
    (acme / "models/opened.sql").unlink()

    build(folder, {"as_of": FIRST}, "--select", "package:closed_loop", *WITHOUT_TESTS, project=acme, artifacts=True)
    # Metrics are known by their bare names: acme may have some of these, and a time spine.
    semantic = json.loads((folder / "target/semantic_manifest.json").read_text())
    assert (semantic["metrics"], semantic["project_configuration"]["time_spines"]) == ([], [])
    assert Stage(folder, inputs).tables() == stages.before
    assert query(folder, "select count(*) from duckdb_schemas() where schema_name = 'demo_events'") == [(0,)]

    # Models of acme that are built on their own, that are new, and that have no table yet say nothing of what closed_loop has read.
    assert dbt("run", "--select", "paid_cases", folder=folder, project=acme).returncode == 0
    (acme / "models/open_cases.sql").write_text("select case_id from {{ ref('closed_loop', 'fct_case_journey') }}")
    said = build(folder, {"as_of": SECOND}, *WITHOUT_UNIT_TESTS, "--exclude", "tag:staged", "tag:steps", project=acme)
    assert "Full rebuild" not in said
    assert Stage(folder, inputs).tables() == stages.after
    assert query(folder, "select count(*) from acme.open_cases") == [(2,)]
