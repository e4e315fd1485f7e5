# What people do: make demo, make serve, make test. Everything else: mlflow run . -e <entry point>.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# The store that MLflow takes by default, pinned so that every target sees the same runs.
export MLFLOW_TRACKING_URI ?= sqlite:///$(CURDIR)/mlflow.db
export MLFLOW_DISABLE_TELEMETRY ?= true

.PHONY: install demo serve dashboard test suite bench bench-gpu lint style types format

install: $(VENV)/.installed

# uv where it is there, pip otherwise. Nothing happens the second time: the stamp is newer.
$(VENV)/.installed: pyproject.toml
	@if command -v uv >/dev/null; then \
	  uv venv --allow-existing --python '>=3.11' $(VENV) && \
	  uv pip install --compile-bytecode --python $(VENV)/bin/python -e '.[dev]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(VENV)/bin/python -m pip install -e '.[dev]'; \
	fi
	@touch $@

# Parameters go into FLAGS="-P epochs=5".
demo: install
	mlflow run . --env-manager local $(FLAGS)

# Over mlflow.db and mlartifacts here, or what MLFLOW_BACKEND_STORE_URI and
# MLFLOW_ARTIFACTS_DESTINATION name; flags go into FLAGS="--port 5001".
serve: install
	python -m entry_points.server $(FLAGS)

dashboard: install
	python -m entry_points.dashboard

# Types are checked beside the tests, while those wait: for a minute where mypy has no cache.
test: install style
	@$(MAKE) --no-print-directory --jobs=2 types suite

suite: install
	OMP_NUM_THREADS=1 python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Side by side with what a user would pick instead; the results and docs/benchmarks.md are kept.
bench: install
	@if command -v uv >/dev/null; then \
	  uv pip install -q --python $(VENV)/bin/python -e '.[bench]'; \
	else \
	  $(VENV)/bin/python -m pip install -q -e '.[bench]'; \
	fi
	PYTHONPATH=src python -m benchmarks.everything --set cpu

bench-gpu:
	PYTHONPATH=src python -m benchmarks.everything --set gpu

lint: install style types

style: install
	ruff check .
	ruff format --check .

types: install
	nice -n 19 mypy

format: install
	ruff check --fix .
	ruff format .
