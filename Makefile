# Two commands: `make build` and `make test`. Everything else is a part of them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build check gate scorecard show export superset pictures docs reference test test-all test-spark lint seeds semantic bench lock clean

# The first Python from 3.11 to 3.13 that really runs; override with `make PYTHON=… build`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BUILD_ENV := .venv
GATE_ENV := .venv-gate
BENCH_ENV := .venv-bench
VIEW_ENV := .venv-view
SEMANTIC_ENV := .venv-semantic
SUPERSET_ENV := .venv-superset
RECIPES_ENV := .venv-recipes
SPARK_ENV := .venv-spark
ICEBERG_ENV := .venv-spark-iceberg
TEST_ENV := .venv-test
CHECK ?= seeds/events --reference seeds/reference
SHOW ?= scorecard
EXPORT ?= --out export
PYTEST := $(TEST_ENV)/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
PIP := python -m pip --quiet --disable-pip-version-check
# Files that hold events are their owner's alone: DuckDB creates them as the umask says.
OWNER_ONLY := umask 077

help: ## Show the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: $(BUILD_ENV)/installed ## Set up .venv and build the demo into closed_loop.duckdb
	@echo "Building the demo: about a minute …"
	@$(OWNER_ONLY) && $(BUILD_ENV)/bin/python -m scripts.build --exclude-resource-type unit_test

check: $(VIEW_ENV)/installed ## Take a first look at events, without dbt: make check CHECK="EVENTS --reference REFERENCE"
	@$(OWNER_ONLY) && $(VIEW_ENV)/bin/python -m scripts.check $(CHECK)

gate: $(GATE_ENV)/installed ## Run both data-quality gates on the demo, before and after its build
	$(OWNER_ONLY) && $(GATE_ENV)/bin/python -m scripts.gate contract --vars '{as_of: "2026-05-25 00:00:00"}' --docs target/gate/contract --json target/gate/contract.json
	$(OWNER_ONLY) && $(GATE_ENV)/bin/dbt build --exclude-resource-type unit_test
	$(GATE_ENV)/bin/python -m scripts.gate integrity --docs target/gate/integrity --json target/gate/integrity.json

scorecard: $(VIEW_ENV)/installed ## Write the weekly scorecard of what was built into scorecard.html
	$(OWNER_ONLY) && $(VIEW_ENV)/bin/python -m scripts.scorecard

pictures: $(TEST_ENV)/installed ## Take the pictures of the scorecard in docs/images again, with Chromium
	$(TEST_ENV)/bin/python -m scripts.scorecard.pictures scorecard.html

show: $(VIEW_ENV)/installed ## Show the scorecard of the last complete week; more: make show SHOW="kpi KPI", case CASE_ID, open, signals
	@$(VIEW_ENV)/bin/python -m scripts.show $(SHOW)

export: $(VIEW_ENV)/installed ## Write Parquet, events, OCEL and an ODCS contract of the last build into export/; elsewhere: make export EXPORT="--out FOLDER"
	$(OWNER_ONLY) && $(VIEW_ENV)/bin/python -m scripts.export $(EXPORT)

superset: $(VIEW_ENV)/installed ## Write a dashboard for Apache Superset into closed_loop_superset.zip
	$(VIEW_ENV)/bin/python -m scripts.superset

docs: $(BUILD_ENV)/installed ## Write the documentation of all tables and columns into one file, target/static_index.html
	@test -f "$${CLOSED_LOOP_DUCKDB:-closed_loop.duckdb}" || $(MAKE) --no-print-directory build
	@$(OWNER_ONLY) && $(BUILD_ENV)/bin/dbt --log-level warn docs generate --static
	@echo "Open target/static_index.html in a browser."

reference: $(BUILD_ENV)/installed ## Write the generated parts of docs/reference again
	$(BUILD_ENV)/bin/dbt --log-level warn parse
	$(BUILD_ENV)/bin/python -m scripts.reference

test: $(TEST_ENV)/installed ## Run what CI runs for each change: all but the slow tests
	$(PYTEST) -m "not slow"

test-all: $(TEST_ENV)/installed $(SPARK_ENV)/installed $(ICEBERG_ENV)/installed ## Run every test, as CI does at night
	$(PYTEST)

test-spark: $(TEST_ENV)/installed $(SPARK_ENV)/installed $(ICEBERG_ENV)/installed ## Run the tests on Spark, which need Java 17
	$(TEST_ENV)/bin/pytest tests/python/test_spark.py

lint: $(TEST_ENV)/installed ## Check the style of SQL and Python
	$(TEST_ENV)/bin/sqlfluff lint models tests analyses
	$(TEST_ENV)/bin/ruff check .
	$(TEST_ENV)/bin/ruff format --check .

seeds: $(BUILD_ENV)/installed ## Make the demo events again
	$(BUILD_ENV)/bin/python -m scripts.generate_events --demo

semantic: $(TEST_ENV)/installed ## Write the metrics of the semantic layer again from the KPI definitions
	$(TEST_ENV)/bin/python -m scripts.semantic_layer

bench: $(BENCH_ENV)/installed ## Measure builds at scale beside a script by hand; more cases: make bench BENCH="--cases 10000000"
	$(BENCH_ENV)/bin/python -m scripts.bench $(BENCH)

lock: $(TEST_ENV)/installed ## Pin and hash the dependencies of pyproject.toml again
	$(TEST_ENV)/bin/$(PIP) install --requirement requirements-installer.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) --group installer --output-file requirements-installer.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra test --extra gate --extra view --output-file requirements-test.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra gate --constraint requirements-test.txt --output-file requirements-gate.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra bench --constraint requirements-test.txt --output-file requirements-bench.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra view --constraint requirements-test.txt --output-file requirements-view.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra semantic --constraint requirements-test.txt --output-file requirements-semantic.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) --group superset --output-file requirements-superset.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) --group recipes --output-file requirements-recipes.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra spark --constraint requirements-test.txt --output-file requirements-spark.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra spark-iceberg --constraint requirements-test.txt --output-file requirements-spark-iceberg.txt
	$(TEST_ENV)/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --constraint requirements-test.txt --output-file requirements.txt

clean: ## Remove environments, target, logs and the demo's closed_loop.duckdb
	rm -rf $(BUILD_ENV) $(GATE_ENV) $(BENCH_ENV) $(VIEW_ENV) $(SEMANTIC_ENV) $(SUPERSET_ENV) $(RECIPES_ENV) $(SPARK_ENV) $(ICEBERG_ENV) $(TEST_ENV) target logs scorecard.html closed_loop_superset.zip closed_loop.duckdb closed_loop.duckdb.wal

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras

$(BUILD_ENV)/installed: requirements.txt
$(GATE_ENV)/installed: requirements-gate.txt
$(BENCH_ENV)/installed: requirements-bench.txt
$(VIEW_ENV)/installed: requirements-view.txt
$(SEMANTIC_ENV)/installed: requirements-semantic.txt
$(SUPERSET_ENV)/installed: requirements-superset.txt
$(RECIPES_ENV)/installed: requirements-recipes.txt
$(SPARK_ENV)/installed: requirements-spark.txt
$(ICEBERG_ENV)/installed: requirements-spark-iceberg.txt
$(TEST_ENV)/installed: requirements-test.txt
# uv installs in seconds what takes pip a minute or two. Where it can't (an index that only pip knows), pip does. Then uv is removed again.
%/installed:
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.13 found. Install one, or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/$(PIP) install --require-hashes --requirement requirements-installer.txt && \
		$*/bin/uv pip install --quiet --no-cache --python $*/bin/python --require-hashes --requirement $< || \
		$*/bin/$(PIP) install --no-compile --require-hashes --requirement $<
	$*/bin/$(PIP) uninstall --yes uv
	touch $@
