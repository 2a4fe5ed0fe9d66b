# `make` lists what there is. Everything runs in .venv, installed from the hash-checked locks in requirements/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
RUN := $(VENV)/bin/python -m
CONFIG ?=
# All tests run in three processes, for two cores: one of them often waits. Those that need the machine to themselves
# come by themselves. What ARGS ask for runs in one: for a few tests, starting more takes longer than it saves.
PYTEST := $(RUN) pytest
SHARED := --numprocesses 3 --dist worksteal -m 'not alone and not real'
ALONE := tests/process -m 'alone and not real'
# Counting coverage makes a program start and run half as long again. These tests reach nearly every line; the others
# (browsers, crowds of clients, thousands of drawn examples, whole simulations) reach hardly any more.
PROCESSES := command_line demo reload status_command stopping terminal
COUNTED := tests/architecture tests/integration tests/unit $(PROCESSES:%=tests/process/test_%.py)

# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python3.12` chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)

INSTALL := $(RUN) pip --disable-pip-version-check install --quiet
INSTALL_SELF := $(INSTALL) --no-deps --no-build-isolation --editable .
CAN_RUN := $(VENV)/.can-run
CAN_TEST := $(VENV)/.can-test

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: $(CAN_RUN) ## the gateway on port 8080 with two simulated nodes and sample traffic
	$(RUN) llmlb demo

.PHONY: serve
serve: $(CAN_RUN) ## the gateway itself; CONFIG=file names its configuration
	$(RUN) llmlb serve $(if $(CONFIG),--config '$(CONFIG)')

.PHONY: test
test: $(CAN_TEST) ## all tests; ARGS are pytest's
ifdef ARGS
	$(PYTEST) $(ARGS)
else
	$(PYTEST) $(SHARED)
	$(PYTEST) $(ALONE)
endif

.PHONY: soak
soak: $(CAN_TEST) ## the property tests with thousands of examples each, new ones every time: 20 to 30 minutes
	HYPOTHESIS_PROFILE=soak $(RUN) pytest --timeout=0 tests/property $(ARGS)

.PHONY: check
check: lint types layers coverage ## what CI asks: lint, types, layers, all tests, coverage

.PHONY: lint
lint: $(CAN_TEST) ## ruff: rules and format
	$(RUN) ruff check .
	$(RUN) ruff format --check .

.PHONY: types
types: $(CAN_TEST) ## mypy --strict
	$(RUN) mypy

.PHONY: layers
layers: $(CAN_TEST) ## import-linter: who may import whom
	$(VENV)/bin/lint-imports --no-cache

.PHONY: coverage
coverage: $(CAN_TEST) ## all tests, with branch coverage and its floor
	$(PYTEST) $(SHARED) $(COUNTED) --cov
	$(PYTEST) $(SHARED) $(addprefix --ignore=,$(COUNTED))
	$(PYTEST) $(ALONE)

.PHONY: fairness
fairness: $(CAN_RUN) ## measure what is promised about fairness and waits, some minutes; ARGS="--only row" for one
	$(RUN) benchmarks.fairness $(ARGS)

.PHONY: bench
bench: $(CAN_RUN) ## measure speed beside aiohttp and HAProxy, some 20 minutes; ARGS="--only requests --rounds 2" for less
	$(RUN) benchmarks.speed $(ARGS)

.PHONY: figures
figures: $(CAN_TEST) ## count anew what a request takes, for tests/performance to hold the code to
	PYTHONHASHSEED=0 $(RUN) tests.performance --write

.PHONY: chaos
chaos: $(CAN_RUN) ## ten minutes of trouble for the running program; ARGS="--seconds 60 --seed 1 2 3" for other trouble
	$(RUN) benchmarks.chaos $(ARGS)

.PHONY: format
format: $(CAN_TEST) ## let ruff rewrite what it can
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

# dev.txt is made first and binds the other two, so that all three agree on every version.
.PHONY: lock
lock: $(CAN_TEST) ## write requirements/ anew from pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(LOCK) --group dev $(UPGRADE) --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(LOCK_GROUP) --group build --constraint requirements/dev.txt --output-file requirements/build.txt

LOCK_GROUP = $(RUN) uv --no-config --quiet pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock'
LOCK = $(LOCK_GROUP) pyproject.toml

$(VENV)/pyvenv.cfg:
	@test -n '$(PYTHON)' && $(PYTHON) -c '$(NEW_ENOUGH)' || { \
		echo 'llmlb needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(CAN_RUN): requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes --requirement requirements/runtime.txt --requirement requirements/build.txt
	$(INSTALL_SELF)
	@touch $@

$(CAN_TEST): requirements/dev.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes --requirement requirements/dev.txt
	$(INSTALL_SELF)
	@touch $@ $(CAN_RUN)
