# Everything to do with a checkout. `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The checks examine code and never connect to a database, so these settings are placeholders.
CHECK_ENV := env MODE=production SECRET_KEY=checking-code-needs-no-secret-that-would-be-worth-keeping \
	PUBLIC_URL=https://vestibule.example DATABASE_URL=postgresql://nobody@/nothing REDIS_URL=redis://127.0.0.1:1/0 \
	EMAIL_URL=smtp://mail.vestibule.example

# Some build machines set this. The tests and the product start many processes, and each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: run
run: setup ## Run the whole product with everything it needs, on http://127.0.0.1:8000
	@exec $(BIN)/python -m config.embedded

# One process more than there are cores, because tests also wait: for a browser, a process or a clock.
PROCESSES = $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 3 ? cores + 1 : 4)))
PYTEST = $(BIN)/pytest --numprocesses $(PROCESSES) --dist worksteal

.PHONY: test
test: setup ## Run all tests
	@exec $(PYTEST) $(if $(COVERAGE),--cov --cov-report=)

.PHONY: test-fast
test-fast: setup ## Run the tests that need no browser, process or clock (three minutes; CONTRIBUTING.md)
	@exec $(PYTEST) --fast

.PHONY: schema
schema: setup ## Try 200 new examples of each operation of the API with each credential (twenty minutes)
	@exec $(PYTEST) --examples 200 tests/api/test_schema.py

.PHONY: coverage
coverage: ## Run all tests, and fail if their coverage is too low (CONTRIBUTING.md)
	@$(MAKE) --no-print-directory test COVERAGE=yes
	@$(BIN)/python -m tests.support.reached

.PHONY: test-keycloak
test-keycloak: setup ## Run the tests with a real Keycloak (Java 17 and Maven; downloads 177 MB once)
	@exec $(BIN)/pytest -r s tests/keycloak

.PHONY: check
check: setup ## Check format, lint, types, import contracts, migrations and deployment settings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(CHECK_ENV) $(BIN)/mypy .
	@$(CHECK_ENV) $(BIN)/lint-imports --no-logo
	@for package in clients/vestibule-*; do (cd $$package && PYTHONPATH=src $(CURDIR)/$(BIN)/lint-imports --no-logo) || exit; done
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/pytest -q tests/config/test_migrations.py
	@$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: screens
screens: setup ## Photograph every page in every state into docs/screens
	@$(BIN)/pytest -q -p no:randomly tests/browser/screens.py

BENCHES := bench-sign-in bench-tokens bench-writes bench-trail bench-reading bench-admin bench-purge bench-cut-off \
	bench-resource-server

.PHONY: bench $(BENCHES)
.NOTPARALLEL: bench
bench: $(BENCHES) ## Run all benchmarks below, of ours and of our peers (an hour, 6 GB of disk)

bench-sign-in: setup ## Measure sign-ins and signed-in requests (eight minutes)
	@$(BIN)/python -m bench

bench-tokens: setup ## Measure client credentials and rotating refresh tokens (five minutes; Node for one peer)
	@$(BIN)/python -m bench.tokens

bench-writes: setup ## Measure audited writes, and the cost of the trail in a sign-in (seven minutes)
	@$(BIN)/python -m bench.trail.cost

bench-trail: setup ## Measure writes with 5,000,000 entries, and their verification (ten minutes, 3 GB)
	@$(BIN)/python -m bench.trail.full
	@$(BIN)/python -m bench.trail.verify

bench-reading: setup ## Measure the trail's pages with 5,000,000 entries (twenty minutes, 5 GB)
	@$(BIN)/python -m bench.trail.reading

bench-admin: setup ## Measure the administrators' pages with a million people (half an hour, 5 GB)
	@$(BIN)/python -m bench.admin

bench-purge: setup ## Measure the purge of a million expired sessions (ten minutes, 3 GB)
	@$(BIN)/python -m bench.purge

bench-cut-off: setup ## Measure how soon four processes refuse all credentials after a cut-off (a minute)
	@$(BIN)/python -m bench.cut_off

bench-resource-server: setup ## Measure a call with an access token to back ends and our API (four minutes)
	@$(BIN)/python -m bench.resource_server

.PHONY: format
format: setup ## Format the code and apply the linter's fixes
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

.PHONY: docs
docs: setup ## Generate the documents that are made from the code
	@$(BIN)/python -m tests.support.promises
	@$(BIN)/python -m tests.support.events
	@$(BIN)/python -m tests.support.conformance
	@$(BIN)/python -m tests.support.code_links

.PHONY: setup
setup: $(VENV)/installed ## Install the locked packages into .venv

$(VENV)/installed: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: set PYTHON")'
	@$(PYTHON) -m config.installing $< $(VENV)

.PHONY: lock
lock: setup ## Lock the newest versions that pyproject.toml allows
	@$(BIN)/python -m config.locking --upgrade
