# Every target sets up what it needs. The first run installs; later ones only check a stamp.
#
#   make verify   run the main job on the real fixtures: both engines, the oracle, the verdict;
#                 then one study stored, spread over processes and a cluster, interrupted, resumed;
#                 then each engine alone against approved results, and word by word
#   make test     the whole check: ruff, mypy, import-linter, tests, doctests
#   make deep     what is too long for every run, with Hypothesis's deep profile
#   make bench    speed and memory, as ratios taken in one run
#   make worth    what a green verdict is worth: the catalogue of faults, a sample of mutants, and
#                 mutants of the comparison core; about an hour
#   make search   five minutes of workflows that nobody thought of

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_BENCH := $(VENV)/.ready-bench
CONFIGS := $(sort $(wildcard fixtures/workflows/*.yaml fixtures/handmade/*.yaml fixtures/handmade/*/*.yaml fixtures/own/*.yaml fixtures/edges/*.yaml))
OWN := --components fixtures/own/components --patterns fixtures/own/patterns
SPREAD := fixtures/spread/study.yaml
SUBJECTS := --control imperative \
    --candidate imperative:storage=disk,executor=processes:2,interrupt=7 \
    --candidate declarative:storage=hybrid,executor=processes:2,interrupt=11 \
    --candidate imperative:storage=hybrid,executor={dask} \
    --candidate declarative:storage=disk,executor={dask}
WORKERS := -n 2 --dist worksteal
CODE := containers imperative declarative parity tests benchmarks fixtures

.DEFAULT_GOAL := help
.PHONY: help verify test deep bench worth search lint fixtures clean

help:
	@sed -n 's/^#   //p' Makefile

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(READY_BENCH): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[peers]'
	@touch $@

verify: $(READY)
	$(BIN)/parity verify $(CONFIGS) $(OWN)
	$(BIN)/python fixtures/cluster.py $(BIN)/parity verify $(SPREAD) $(OWN) $(SUBJECTS)
	$(BIN)/parity check --baselines fixtures/baselines $(OWN)
	$(BIN)/parity check --baselines fixtures/baselines $(OWN) --subject declarative
	$(BIN)/python fixtures/told.py --check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest $(WORKERS)

deep: lint
	$(BIN)/python -m pytest $(WORKERS) --deep

bench: $(READY_BENCH)
	$(BIN)/python -m benchmarks

worth: $(READY)
	$(BIN)/parity sensitivity --catalogue
	$(BIN)/parity sensitivity --sample 200 --seed 1
	$(BIN)/python -m benchmarks.mutants --sample 150

search: $(READY)
	$(BIN)/parity fuzz --time 5m

# The committed data are rebuilt bit for bit from the packages they come from.
fixtures: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fixtures]'
	$(BIN)/python fixtures/market/build.py --check
	$(BIN)/python fixtures/edges/build.py --check
	$(BIN)/python fixtures/handmade/compute.py --check
	$(BIN)/python fixtures/handmade/walk_forward/compute.py --check

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
