"""Runs in Superset's own environment: imports a dashboard into a fresh Superset, and writes what each of its charts shows, as JSON.

Arguments: a folder for Superset's own database, the ZIP, the file to write. The charts are asked with the choices that the
dashboard's filters begin with.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

folder, bundle, out = map(Path, sys.argv[1:])
(folder / "superset_config.py").write_text(
    f"SECRET_KEY = 'of a test, which keeps nothing'\nSQLALCHEMY_DATABASE_URI = 'sqlite:///{folder / 'superset.db'}'\n",
    encoding="utf-8",
)
os.environ |= {"SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"), "SUPERSET_HOME": str(folder)}

from superset.app import create_app  # noqa: E402
from superset.cli.main import superset  # noqa: E402

app = create_app()


def run(*command: str) -> None:
    """A command of `superset`, as a shell would give it."""
    result = app.test_cli_runner().invoke(superset, args=command)
    assert result.exit_code == 0, (command, result.output, result.exception)


def shown() -> dict[str, list[dict[str, Any]]]:
    """Title of each chart of the dashboard -> its rows."""
    from flask import g
    from superset import db, security_manager
    from superset.charts.schemas import ChartDataQueryContextSchema
    from superset.commands.chart.data.get_data_command import ChartDataCommand
    from superset.models.dashboard import Dashboard

    g.user = security_manager.find_user(username="admin")
    (dashboard,) = db.session.query(Dashboard).all()
    filters = json.loads(dashboard.json_metadata)["native_filter_configuration"]
    found = {}
    for chart in dashboard.slices:
        asked = json.loads(chart.query_context)
        for each in filters:
            if chart.id not in each["scope"]["excluded"]:
                asked["queries"][0]["filters"] += each["defaultDataMask"]["extraFormData"]["filters"]
        command = ChartDataCommand(ChartDataQueryContextSchema().load(asked))
        command.validate()
        (answer,) = command.run()["queries"]
        assert not answer["error"], (chart.slice_name, answer["error"])
        assert not answer["rejected_filters"], (chart.slice_name, answer["rejected_filters"])
        found[chart.slice_name] = answer["data"]
    return found


run("db", "upgrade")
run(
    "fab",
    "create-admin",
    "--username",
    "admin",
    "--firstname",
    "A",
    "--lastname",
    "B",
    "--email",
    "a@b.invalid",
    "--password",
    "admin",
)
run("init")
run("import-dashboards", "--path", str(bundle), "--username", "admin")
with app.test_request_context():
    out.write_text(json.dumps(shown(), default=str), encoding="utf-8")
