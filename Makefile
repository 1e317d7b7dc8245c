# Python 3.11 or newer and make are all this needs; the rest goes into .venv, once, from requirements.lock.
PYTHON ?= python3
VENV := .venv
JUDGE_PYTHON ?= $(PYTHON)
BIN := $(VENV)/bin
UPGRADE_TESTS := tests/compose/test_different_releases.py

# Whatever the surroundings say: text is UTF-8, packages come from .venv, compiled modules are kept, and there is a home that can be
# written.
export PYTHONUTF8 := 1
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
ifneq ($(shell test -w "$$HOME" && test -x "$$HOME" || echo closed),)
export HOME := $(CURDIR)/.run/home
endif

.DEFAULT_GOAL := help
.PHONY: help install run order clock key url why status operate check test test-slow test-newcomer coverage lint contracts drawings rebuild faults \
  attack judges messages bench lock sbom pin-images clean up down logs scale restart upgrade test-compose test-upgrade

help: ## Shows this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make run ORDERS=500    places more orders"
	@echo "  make run SPEED=20000   business seconds in a real second"
	@echo "  make run EXIT=1        leaves at the end, non-zero if an order ended wrongly"
	@echo "  make run RESULT=path   where the summary goes, as JSON"
	@echo "  make faults MINUTES=60 SEED=7   goes on for so long, in the order that the seed draws"
	@echo "  make faults TOLERANCE=3   allows three times the bounds of recoveries: other load is on the machine"
	@echo "  make faults SEEDS=20   runs with the seeds 1 to 20; docs/faults.md counts all runs together"

install: $(VENV)/.installed ## Makes .venv from requirements.lock, hashes checked

run: $(VENV)/.installed ## Starts everything, places orders and shows them on their way; Ctrl-C stops it
	@ORDERS="$(ORDERS)" SPEED="$(SPEED)" EXIT="$(EXIT)" RESULT="$(RESULT)" $(BIN)/python -m sandbox.demo

order: $(VENV)/.installed ## Places an order on the stack of make run and follows it to its end
	@$(BIN)/python -m sandbox.demo.place_order

clock: $(VENV)/.installed ## Prints business time on that stack, or changes its speed: make clock SPEED=2000
	@SPEED=$(SPEED) $(BIN)/python -m sandbox.demo.clock

key: $(VENV)/.installed ## Prints an API key: make key SCOPE=operator; NAME=maison makes a new one
	@SECRETS_DIR=$(SECRETS_DIR) $(BIN)/python -m sandbox.demo.access key $(if $(SCOPE),--scope $(SCOPE)) $(if $(NAME),--name "$(NAME)")

url: $(VENV)/.installed ## Prints where a service is: make url SERVICE=customs
	@$(BIN)/python -m sandbox.demo.access url $(SERVICE)

why: $(VENV)/.installed ## Tells what an order waits for: make why ORDER=<id, number, tracking number, or a part>
	@SECRETS_DIR=$(SECRETS_DIR) $(BIN)/python -m services.why "$(ORDER)"

status: $(VENV)/.installed ## Tells how all services stand, on one screen
	@SECRETS_DIR=$(SECRETS_DIR) $(BIN)/python -m services.status

operate: $(VENV)/.installed ## Runs an operator's command: make operate SERVICE=warehouse CMD=dead-letters
	@$(BIN)/python -m services.$(SERVICE) $(or $(CMD),--help)

check: lint ## The one command before a push: lint, and all tests that need no servers
	@$(BIN)/python -m pytest --numprocesses $(or $(WORKERS),2) tests/unit tests/contract

test: $(VENV)/.installed ## Runs the tests, or all of TESTS="file ...", on servers of their own, three files at a time (WORKERS=3)
	@$(BIN)/python -m pytest --numprocesses $(or $(WORKERS),3) $(if $(TESTS),-m "slow or not slow" $(TESTS))

test-slow: $(VENV)/.installed ## Runs the slow tests: an operator's procedures, changes of tables and keys, fuzzing, every bench once
	@$(BIN)/python -m pytest --numprocesses $(or $(WORKERS),3) -m slow

test-newcomer: $(VENV)/.installed ## Installs, runs and tries what README shows, as newcomers do, wherever they stand (about six minutes)
	@$(BIN)/python -m pytest -m newcomer tests/newcomer

# Without the property tests: a branch that only chance covers is one without an example.
coverage: $(VENV)/.installed ## Runs the unit tests' examples; fails unless they cover every branch of every rule (about a minute)
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest --numprocesses $(or $(WORKERS),2) -m "not hypothesis and not slow" tests/unit
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m tests.support.coverage_by_package

faults: $(VENV)/.installed ## Injects every fault while orders are in flight; keeps the run, and writes docs/faults.md of all
	@failed=0; for seed in $(or $(if $(SEEDS),$$(seq $(SEEDS))),$(SEED),0); do \
	  FAULTS_MINUTES=$(MINUTES) FAULTS_SEED=$$seed FAULTS_TOLERANCE=$(TOLERANCE) FAULTS_DOCS=$(or $(DOCS),docs) \
	    $(BIN)/python -m pytest -m faults tests/faults \
	    || failed=1; done; exit $$failed

attack: $(VENV)/.installed ## Attacks running services, and shows what each attack cost them (MINUTES=10 goes on)
	@ATTACK_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m attacks tests/attacks

messages: $(VENV)/.installed ## Judges all messages to China's customs of 100,000 generated orders, by the official schema in CEB_XSD_DIR
	@ORDERS="$(ORDERS)" WORKERS="$(WORKERS)" CEB_XSD_DIR="$(CEB_XSD_DIR)" $(BIN)/python -m tests.support.judged_messages

# Each needs what makes it; a test says which it missed, and is skipped. go.sum and the requirement hold their hashes and versions.
judges: ## Makes the judges of log and events that are not ours in .run/judges: two in Go, two in Python (JUDGE_PYTHON=, 3.12 or newer)
	@mkdir -p .run/judges
	@if command -v go >/dev/null; then \
	  go -C tests/support/log_judges build -o "$(CURDIR)/.run/judges/" . filippo.io/torchwood/cmd/litewitness; \
	else echo "There is no Go here: no judge in Go is made" >&2; fi
	@if "$(JUDGE_PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	  "$(JUDGE_PYTHON)" -m venv .run/judges/python && .run/judges/python/bin/pip install -q -r tests/support/log_judges/requirements.txt \
	  || { rm -rf .run/judges/python; exit 1; }; \
	else echo "There is no Python 3.12 here: name one, as in make judges JUDGE_PYTHON=python3.13; no judge in Python is made" >&2; fi

lint: $(VENV)/.installed ## Style, types, walls between the rooms, freshness of generated files
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(BIN)/python -m contracts.generate --check
	@$(BIN)/python -m services.openapi --check
	@$(BIN)/python -m services.deployment_files --check
	@$(BIN)/python -m clients.generate --check
	@deploy/check-proxy
	@if command -v promtool >/dev/null; then promtool check rules --lint=all --lint-fatal deploy/prometheus/rules.yml \
	  && promtool check config --lint=all --lint-fatal deploy/prometheus/prometheus.yml && promtool test rules deploy/prometheus/tests/*.yml; fi

contracts: $(VENV)/.installed ## Writes the generated files of contracts/ and clients/python anew
	@$(BIN)/python -m contracts.generate
	@$(BIN)/python -m services.openapi
	@$(BIN)/python -m services.deployment_files
	@$(BIN)/python -m clients.generate

# A drawing is named by its modules, parted by +; tred leaves out arrows that follow from others. import-linter's cache keeps one
# set of times for several sets of imports, and so misses changes.
drawings: $(VENV)/.installed ## Draws the imports in docs/drawings anew (needs Graphviz)
	@command -v dot >/dev/null || { echo "There is no dot here: install Graphviz" >&2; exit 1; }
	@for drawing in docs/drawings/*.svg; do \
	  rm -rf .grimp_cache; \
	  graph=$$($(BIN)/python -c 'from importlinter.cli import import_linter; import_linter()' \
	    drawgraph $$(basename "$$drawing" .svg | tr + ' ')) || exit 1; \
	  printf '%s\n' "$$graph" | tred | dot -Tsvg -o "$$drawing" || exit 1; done

rebuild: $(VENV)/.installed ## Plays every scenario, rebuilds tracking from the topics, compares the bytes
	@$(BIN)/python -m sandbox.demo.rebuild

bench: $(VENV)/.installed ## Measures against limits and simpler designs: make bench STAGES="intake reads" SERVERS=containers
	@$(BIN)/python -m tests.bench $(STAGES) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS))

lock: ## Resolves the lock files anew: of all, of the image, of the generator of clients (needs uv)
	uv pip compile pyproject.toml --extra tracing --group embedded --group dev --universal --generate-hashes --no-header \
	  --python-version 3.11 --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra tracing --constraint requirements.lock --universal --generate-hashes --no-header \
	  --python-version 3.11 --quiet --output-file requirements.runtime.lock
	uv pip compile --group clients --universal --generate-hashes --no-header \
	  --python-version 3.11 --quiet --output-file clients/requirements.lock

sbom: $(VENV)/.installed ## Lists the packages in the image, as CycloneDX: .run/sbom.cdx.json
	@deploy/sbom $(BIN)/python .run/sbom.cdx.json

# Containers. PROFILE: some of sandbox, observability, cluster, secure; .env may hold it.
PROFILE ?= $(shell sed -n 's/^PROFILE=//p' .env 2>/dev/null)
SECRETS_DIR ?= deploy/secrets
override PROFILE := $(PROFILE)
ifneq ($(filter-out sandbox observability cluster secure,$(PROFILE)),)
  $(error PROFILE knows sandbox, observability, cluster, secure)
endif
OVERLAYS := $(filter $(PROFILE),cluster secure)
# Named one by one, .env no longer comes by itself; the last one counts.
COMPOSE := docker compose $(patsubst %,--env-file %,$(wildcard deploy/images.env .env)) -f docker-compose.yml \
  $(patsubst %,-f deploy/%.yml,$(OVERLAYS) $(if $(word 2,$(OVERLAYS)),cluster-secure)) $(COMPOSE_OVERLAY:%=-f %) \
  $(patsubst %,--profile %,$(filter sandbox observability,$(PROFILE)))

up: ## Starts the deployment and waits until it is ready (PROFILE="sandbox observability")
	@$(PYTHON) -m services.credentials $(SECRETS_DIR)
	@$(if $(filter secure,$(PROFILE)),deploy/certificates $(SECRETS_DIR))
	@docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0; for image in orders $(filter sandbox,$(PROFILE)); do \
	  $(COMPOSE) build --quiet $$image >/dev/null || exit 1; done
	@$(COMPOSE) up --detach --no-build --wait --wait-timeout 600

down: ## Stops the deployment; its data stay (VOLUMES=1 removes them)
	@$(COMPOSE) --profile '*' down --remove-orphans $(if $(VOLUMES),--volumes)

logs: ## Follows the logs (SERVICE= of one only)
	@$(COMPOSE) logs --follow --tail 100 $(SERVICE)

scale: ## Runs N replicas of a service (SERVICE=carrier N=3)
	@$(COMPOSE) up --detach --no-build --no-deps --no-recreate --wait --scale $(SERVICE)=$(N) $(SERVICE)

restart: ## Restarts a service (SERVICE=), one replica after another
	@deploy/rolling-restart $$($(COMPOSE) ps --quiet $(SERVICE))

# services/registry.py: services
SERVICES := orders warehouse customs carrier tracking makers provenance
# end
upgrade: ## Replaces containers by new ones of the image and settings of now, without a pause (SERVICE= of one only)
	@$(if $(SERVICE),,$(COMPOSE) run --rm --no-deps provision)
	@for service in $(or $(SERVICE),$(SERVICES)); do \
	  deploy/replace-containers $$service $(COMPOSE) || exit 1; done

pin-images: ## Writes the digests of the foreign images to deploy/images.env (needs their registry)
	@deploy/pin-images

test-compose: $(VENV)/.installed ## Tests the deployment with containers, from nothing and back (about ten minutes)
	@COMPOSE_TESTS=1 $(BIN)/python -m pytest tests/compose --ignore $(UPGRADE_TESTS)

test-upgrade: $(VENV)/.installed ## Upgrades a running deployment service by service, and rolls one back (about eight minutes)
	@COMPOSE_TESTS=1 $(BIN)/python -m pytest $(UPGRADE_TESTS)

clean: ## Removes what the targets above have made
	rm -rf $(VENV) .run .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A copy of the folder, or an older Python: then the .venv that lies here has none that runs.
ifeq ($(shell test -x $(BIN)/python && echo runs),)
.PHONY: $(VENV)/.installed
endif
$(VENV)/.installed: requirements.lock
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no $(PYTHON) here; Silkpost needs Python 3.11 or newer: name one, as in make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Silkpost needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another, as in make PYTHON=python3.12" % sys.version_info[:2])'
	@"$(PYTHON)" -m sandbox.local.install $(VENV)
