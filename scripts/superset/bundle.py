"""The files of a Superset import, and the ZIP of them: the same bytes from the same tables."""

from __future__ import annotations

import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import yaml

from scripts.export.contract import DUMPER, plain
from scripts.export.source import Source
from scripts.marts import rows
from scripts.superset.charts import CHARTS, DATASETS, FILTERS, MADE, ROWS, Chart, Dataset

VERSION = "1.0.0"
ROOT = "closed_loop"
# Never changes: Superset knows by it what an earlier import brought.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://closed-loop.invalid/superset")
# A ZIP can say no earlier moment; a real one would differ with each call.
NO_MOMENT = (1980, 1, 1, 0, 0, 0)


def write(source: Source, uri: str, out: Path) -> None:
    """Write the ZIP beside its place, and rename it. uri: where Superset finds the database, as SQLAlchemy has it."""
    beside = out.with_name(f".{out.name}.new")
    try:
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in sorted(files(source, uri).items()):
                text = yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=140)
                entry = zipfile.ZipInfo(f"{ROOT}/{name}", NO_MOMENT)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, text)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


def files(source: Source, uri: str) -> dict[str, dict[str, Any]]:
    """File, seen from the root of the ZIP -> its content as YAML has it."""
    found = {
        "metadata.yaml": {
            "version": VERSION,
            "type": "Dashboard",
            "timestamp": f"{source.run['as_of'].isoformat()}+00:00",
        },
        "databases/closed_loop.yaml": database(uri),
        "dashboards/closed_loop.yaml": dashboard(source),
    }
    found |= {f"datasets/closed_loop/{each.name}.yaml": dataset(source, each) for each in DATASETS}
    return found | {f"charts/{name_of(each)}.yaml": chart(source, each) for each in CHARTS}


def key(kind: str, name: str = "") -> str:
    """The UUID of a part."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def name_of(chart: Chart) -> str:
    """A chart's title as a file name."""
    return "_".join(chart.title.lower().replace(",", "").split())


def database(uri: str) -> dict[str, Any]:
    """The connection: for reading only."""
    return {
        "database_name": "closed_loop",
        "sqlalchemy_uri": uri,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": key("database"),
        "version": VERSION,
    }


def columns_of(source: Source, dataset: Dataset) -> dict[str, str]:
    """The columns of a dataset with their types, in their order."""
    if dataset.sql is None:
        return source.tables[dataset.tables[0]]
    return {row["column_name"]: row["column_type"] for row in rows(source.connection, f"describe {dataset.sql}")}


def described(source: Source, dataset: Dataset, column: str) -> str:
    """What a column holds: as the manifest says of its table."""
    for table in dataset.tables:
        if column in source.models[table]["columns"]:
            return plain(source.models[table]["columns"][column]["description"])
    return MADE[column]


def dataset(source: Source, each: Dataset) -> dict[str, Any]:
    """A dataset with its columns."""
    types = columns_of(source, each)
    moments = [name for name, kind in types.items() if kind in ("DATE", "TIMESTAMP")]
    return {
        "table_name": each.name,
        "main_dttm_col": moments[0] if moments else None,
        "description": plain(source.models[each.tables[0]]["description"]),
        "schema": "marts",
        "sql": each.sql,
        "columns": [
            {
                "column_name": name,
                "is_dttm": name in moments,
                "is_active": True,
                "type": kind,
                "groupby": True,
                "filterable": True,
                "description": described(source, each, name),
            }
            for name, kind in types.items()
        ],
        "metrics": [
            {"metric_name": "count", "verbose_name": "COUNT(*)", "metric_type": "count", "expression": "COUNT(*)"}
        ],
        "uuid": key("dataset", each.name),
        "version": VERSION,
        "database_uuid": key("database"),
    }


def chart(source: Source, each: Chart) -> dict[str, Any]:
    """A chart: what the browser draws (params), and what is asked of the database without a browser (query_context), for reports."""
    (its_dataset,) = [dataset for dataset in DATASETS if dataset.name == each.dataset]
    types = columns_of(source, its_dataset)
    params = table_params(each) if each.columns else axis_params(each, is_moment=types[each.x] == "DATE")
    return {
        "slice_name": each.title,
        "description": each.description,
        "viz_type": each.viz_type,
        "params": params,
        "query_context": json.dumps(query_context(each, params), ensure_ascii=False),
        "uuid": key("chart", each.title),
        "version": VERSION,
        "dataset_uuid": key("dataset", each.dataset),
    }


def common_params(each: Chart) -> dict[str, Any]:
    """What a table and a drawing have in common."""
    condition = {
        "clause": "WHERE",
        "expressionType": "SQL",
        "sqlExpression": each.where,
        "filterOptionName": f"filter_{key('condition', each.title)}",
    }
    return {
        "viz_type": each.viz_type,
        "adhoc_filters": [condition] if each.where else [],
        "row_limit": each.rows,
        "extra_form_data": {},
    }


def table_params(each: Chart) -> dict[str, Any]:
    """The settings of a table of rows."""
    return common_params(each) | {
        "query_mode": "raw",
        "all_columns": list(each.columns),
        "order_by_cols": [json.dumps(pair) for pair in each.order],
        "server_pagination": False,
        "table_timestamp_format": "%Y-%m-%d",
        "include_search": True,
        "show_cell_bars": False,
        **each.style,
    }


def axis_params(each: Chart, is_moment: bool) -> dict[str, Any]:
    """The settings of bars or lines. is_moment: whether they run over time."""
    return common_params(each) | {
        "x_axis": each.x,
        "time_grain_sqla": "P1D" if is_moment else None,
        **({} if is_moment else {"x_axis_sort": each.x, "x_axis_sort_asc": False}),
        "metrics": metrics(each),
        "groupby": list(each.by),
        "show_legend": True,
        "rich_tooltip": True,
        "x_axis_time_format": "%Y-%m-%d",
        "tooltipTimeFormat": "%Y-%m-%d",
        **each.style,
    }


def metrics(each: Chart) -> list[dict[str, Any]]:
    """The aggregates of a chart."""
    return [
        {
            "expressionType": "SQL",
            "sqlExpression": expression,
            "label": label,
            "hasCustomLabel": True,
            "optionName": f"metric_{key('metric', f'{each.title}/{label}')}",
        }
        for label, expression in each.metrics.items()
    ]


def query_context(each: Chart, params: dict[str, Any]) -> dict[str, Any]:
    """The query of a chart. Superset puts in the number of its dataset."""
    axis: dict[str, Any] = {
        "columnType": "BASE_AXIS",
        "sqlExpression": each.x,
        "label": each.x,
        "expressionType": "SQL",
    }
    if params.get("time_grain_sqla"):
        axis["timeGrain"] = params["time_grain_sqla"]
    query: dict[str, Any] = {
        "columns": list(each.columns) or [axis, *each.by],
        "metrics": None if each.columns else metrics(each),
        "orderby": [list(pair) for pair in each.order],
        "filters": [],
        "extras": {"having": "", "where": f"({each.where})" if each.where else ""},
        "row_limit": each.rows,
    }
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }


def dashboard(source: Source) -> dict[str, Any]:
    """The dashboard: its charts row by row, and its filters."""
    return {
        "dashboard_title": "Case resolution",
        "description": "What a week's scorecard answers. No acknowledgement, no resolution.",
        "slug": "closed_loop",
        "uuid": key("dashboard"),
        "position": position(),
        "metadata": {
            "cross_filters_enabled": False,
            "show_native_filters": True,
            "native_filter_configuration": [native_filter(name) for name in FILTERS],
        },
        "published": True,
        "version": VERSION,
    }


def position() -> dict[str, Any]:
    """Where each chart is."""
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": "Case resolution"}},
    }
    for number, row in enumerate(ROWS):
        row_id = f"ROW-{number}"
        found["GRID_ID"]["children"].append(row_id)
        found[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": [place(each) for each in row],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for each in row:
            found[place(each)] = {
                "id": place(each),
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row_id],
                "meta": {
                    "chartId": number_of(each),
                    "height": each.height,
                    "width": each.width,
                    "sliceName": each.title,
                    "uuid": key("chart", each.title),
                },
            }
    return found


def place(each: Chart) -> str:
    """The name of a chart's place."""
    return f"CHART-{name_of(each)}"


def number_of(each: Chart) -> int:
    """A number for a chart, which Superset replaces by its own wherever it stands."""
    return CHARTS.index(each) + 1


def native_filter(name: str) -> dict[str, Any]:
    """A filter of the dashboard: one choice, never none, on the charts that obey it."""
    dataset, choice = FILTERS[name]
    return {
        "id": f"NATIVE_FILTER-{name}",
        "name": name.capitalize(),
        "filterType": "filter_select",
        "type": "NATIVE_FILTER",
        "description": "",
        "targets": [{"column": {"name": name}, "datasetUuid": key("dataset", dataset)}],
        "controlValues": {
            "multiSelect": False,
            "enableEmptyFilter": True,
            "defaultToFirstItem": False,
            "inverseSelection": False,
            "searchAllOptions": False,
            "sortAscending": name == "workflow",
        },
        "defaultDataMask": {
            "extraFormData": {"filters": [{"col": name, "op": "IN", "val": [choice]}]},
            "filterState": {"value": [choice], "label": choice},
            "ownState": {},
        },
        "cascadeParentIds": [],
        "scope": {
            "rootPath": ["ROOT_ID"],
            "excluded": [number_of(each) for each in CHARTS if name not in each.filters],
        },
        "chartsInScope": [number_of(each) for each in CHARTS if name in each.filters],
        "tabsInScope": [],
    }
