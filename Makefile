# The front door. Only python3 (3.11 or newer, with venv) and make are taken for granted;
# all packages come from requirements.lock, with hashes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEV := $(VENV)/ready-dev
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# one numerical thread a process: the batch runs as many processes as there are cores
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup reports test test-slow lint weights lab explore notebooks bench docs lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || true

setup: $(READY)  ## install what reports and notebooks need into .venv

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("toolkit needs Python 3.11 or newer: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(READY) requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

reports: $(READY)  ## the main job: reports of the province and its districts, and the plan summary
	$(BIN)/toolkit report

test: $(DEV) lint  ## all quick tests (sets up by itself)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m "not slow"

ALONE := tests/run tests/notebooks/test_lab.py
test-slow: $(DEV)  ## browser and kill tests; those that watch processes and the clock one after another
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m slow $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -m slow $(ALONE)

lint: $(DEV)  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

weights: $(DEV)  ## learn the models' weights again from data/panels
	$(BIN)/python -m workshop.learn

lab: $(READY)  ## JupyterLab with copies of the notebooks in reports/lab: what is saved there changes no file of the project
	test -d reports/lab || { mkdir -p reports/lab && cp -R notebooks parameterized reports/lab; }
	$(BIN)/jupyter lab --ServerApp.root_dir=. reports/lab

notebooks: $(READY)  ## run all notebooks; executed copies go to reports/notebooks
	$(BIN)/python -m workshop.notebooks run notebooks reports/notebooks

bench: $(DEV)  ## measure speed and memory against their budgets (BENCH=--quick: without the longest)
	$(BIN)/python -m workshop.bench $(BENCH)

explore: $(READY)  ## the scenario page in a browser, on this machine alone
	$(BIN)/toolkit explore

docs: $(DEV) notebooks  ## reference and tutorials, into reports/docs; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs reports/docs

COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-config --quiet
lock:  ## compile both locks again (needs uv; they name no index)
	$(COMPILE) --extra lab --extra sheets --extra documents --group build --output-file requirements.lock
	$(COMPILE) --all-extras --group test --group lint --group docs --group build --constraint requirements.lock --output-file requirements-dev.lock

clean:  ## remove the environment and everything that was made
	rm -rf $(VENV) reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
