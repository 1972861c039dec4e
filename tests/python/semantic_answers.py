"""Ask MetricFlow: run by the Python of .venv-semantic, in a folder with a semantic manifest and the project's settings.

Reads queries from stdin, as JSON: a list of {"metrics": […], "group_by": […]}. Writes one line of JSON for each: its rows, a list of dicts.
"""

from __future__ import annotations

import json
import sys

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

if __name__ == "__main__":
    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    for query in json.load(sys.stdin):
        table = configuration.mf.query(
            MetricFlowQueryRequest.create(metric_names=query["metrics"], group_by_names=query["group_by"])
        ).result_df
        assert table is not None, query
        print(json.dumps([dict(zip(table.column_names, row, strict=True)) for row in table.rows], default=str))
