# Needs git, make and Python >= 3.11; everything else goes into .venv, pinned by uv.lock. Start with `make help`.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
UV_VERSION := 0.13.9
ARGS ?=

# Tests wait more than they compute, so all of them run in several processes; a part of them (ARGS) runs in one.
WORKERS ?= $(if $(ARGS),0,3)

# `make test PYTHON=python3.13` picks another interpreter for a new .venv.
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.version_info >= (3, 11) and print("$(python)")' 2>/dev/null)))

UV := UV_PROJECT_ENVIRONMENT="$(abspath $(VENV))" UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV= $(BIN)/uv
empty :=
PYTHON_PATH := $(subst $(empty) $(empty),:,docs $(wildcard plugins/*/src))
SOURCES := conftest.py docs gateway plugins tests

.PHONY: help
help: ## Show what can be done here
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: $(STAMP) ## Install the gateway, its plugins and the tools into .venv

.PHONY: demo
demo: $(STAMP) ## Run the gateway with no account anywhere (config/demo.yaml); stop it with Ctrl-C
	@exec $(BIN)/gateway serve --config config/demo.yaml $(ARGS)

.PHONY: test
test: $(STAMP) ## Run every test; pass options on with ARGS="-k floor -x"
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: faults
faults: $(STAMP) ## Kill it, pull the plug, break the network, and compare the books; a part with ARGS="--kills 20"
	@exec $(BIN)/python -m tests.faults $(ARGS)

.PHONY: bench
bench: $(STAMP) ## Measure speed against the floors; a part with ARGS="--only hop,sockets --quick"
	@exec $(BIN)/python -m tests.bench $(ARGS)

.PHONY: lint
lint: $(STAMP) ## Check style and formatting
	@$(UV) lock --check --quiet || { echo "make: uv.lock does not fit the pyproject.toml files; run make lock" >&2; exit 1; }
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)

.PHONY: types
types: $(STAMP) ## Check types
	@MYPYPATH="$(PYTHON_PATH)" $(BIN)/mypy $(SOURCES)

.PHONY: imports
imports: $(STAMP) ## Check who imports whom
	@$(BIN)/lint-imports --no-cache

.PHONY: format
format: $(STAMP) ## Put the code in shape
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

.PHONY: check
check: lint types imports test ## Do all that CI does

.PHONY: docs
docs: $(STAMP) ## Renew what is made from the code: reference pages, config/example.yaml, config/schema.json
	@$(BIN)/python docs/generate.py
	@for what in example.yaml schema.json; do \
		$(BIN)/gateway "$${what%.*}" > "config/.$$what" && mv "config/.$$what" "config/$$what" || exit 1; done

.PHONY: build
build: $(STAMP) ## Build the wheels and sdists of the core and the plugins into dist/
	@$(UV) build --all-packages --quiet --out-dir dist
	@ls -1 dist

.PHONY: lock
lock: $(BIN)/uv ## Renew uv.lock after a change of dependencies; ARGS=--upgrade for newer versions
	@$(UV) lock $(ARGS)

.PHONY: clean
clean: ## Remove everything that can be made again, .venv included
	@rm -rf $(VENV) config/.demo dist build htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find gateway plugins tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP): $(BIN)/uv pyproject.toml uv.lock $(wildcard plugins/*/pyproject.toml)
	@echo "· installing the locked packages into $(VENV)"
	@$(UV) sync --frozen --all-packages --quiet
	@touch $@

$(BIN)/uv: Makefile
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 found; install one or say PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "· making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@echo "· getting uv $(UV_VERSION)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@touch $@
