# Each target sets up what it needs; only python3 and make must be installed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
USABLE := $(VENV)/.usable
READY  := $(VENV)/.ready
PEERS  := .peers
DEST   := demo-archive
# Arguments for bench and fuzz: which ones to run, and their options, such as ARGS="decrypt --quick".
ARGS   ?=
# Number of test processes; each runs whole files. Much of the time they wait for other programs.
WORKERS ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo notebook test lint types bench fuzz proto clean

demo: $(USABLE)
	$(BIN)/gdrive-wa demo "$(DEST)"

notebook: $(USABLE)
	$(BIN)/pip install --quiet --editable '.[notebook]'
	$(BIN)/jupyter lab notebooks

test: $(READY) $(PEERS)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

bench: $(READY) $(PEERS)/.bench
	$(BIN)/python -m tests.benchmarks $(ARGS)

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz $(ARGS)

proto: $(READY)
	$(BIN)/python proto/generate.py

clean:
	rm -rf $(VENV) $(PEERS) demo-archive dist .mypy_cache .ruff_cache .pytest_cache

# The package, installed editable, with all that a user needs.
$(USABLE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable .
	@touch $@

# In addition, everything that the tests need.
$(READY): $(USABLE)
	$(BIN)/pip install --quiet --group dev
	@touch $@

# Third-party programs, in their own environment: the tests compare this program with them.
$(PEERS)/.ready: tests/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --requirement tests/peers.txt
	@touch $@

$(PEERS)/.bench: tests/benchmarks/peers.txt $(PEERS)/.ready
	$(PEERS)/bin/pip install --quiet --requirement tests/benchmarks/peers.txt
	@touch $@
