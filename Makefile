# The two commands of the README are `make demo` and `make test`; everything else serves them.
PYTHON ?= python3
PORT ?= 8000
MLFLOW_PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check bench env lock mlflow clean

help: ## say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

env: $(STAMP) ## make the environment in .venv from the hash-pinned lock

$(STAMP): requirements.lock pyproject.toml
	@echo "customs-risk: making the environment in $(VENV) (a few minutes the first time)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: $(STAMP) ## simulate a port, import, train, promote and serve it on PORT
	PATH="$(abspath $(BIN)):$$PATH" PORT=$(PORT) bash tools/demo

test: $(STAMP) ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q

check: $(STAMP) ## ruff, mypy, import-linter, house limits, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.house
	$(BIN)/python -m tools.docs

bench: $(STAMP) ## measure every speed and quality claim and write docs/benchmarks.md
	$(BIN)/python -m benchmarks

lock: $(STAMP) ## renew requirements.lock 
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url \
		--no-header --quiet -o requirements.lock

mlflow: $(STAMP) ## open the MLflow pages on the demo's runs (MLFLOW_PORT=5000)
	MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --host 127.0.0.1 --port $(MLFLOW_PORT) \
		--backend-store-uri sqlite:///$${CUSTOMS_RISK_HOME:-var/demo}/mlflow.db

clean: ## remove the demo's state (the environment stays)
	rm -rf var/demo
