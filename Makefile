# SPDX-License-Identifier: BSD-2-Clause
# All the set-up there is: plain python3 (3.11 or newer) with pip, and make. Every target makes .venv first.
#   make demo    run the example programs inside the secure world
#   make test    the whole test suite        make check   formatting, lint, types, layering, generated files
#   make fidelity the same programs and TAs on the real OP-TEE under QEMU and on the emulator, compared
#   make xtest   OP-TEE's own test suite, as Debian ships it, on the emulator; TARGET=qemu: on the real OP-TEE
#   make differential  the native engine against the interpreter: 10,000 states of each pattern, 100,000 programs
#   make compiled  all tests once more with hot code compiled at its 512th meeting
#   make fuzz    a million random calls of a TA, and 100,000 random messages of a normal world
#   make endurance  sealed files: 10,000 corruptions, 500 kills, 2,000 losses of power
#   make bench   the measurements            make docs    the generated reference pages
#   make debian-table   runs Debian's programs and writes the page about them; TARGET=qemu: on the real OP-TEE too

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNTIME := src/elfhaven/runtime.elf
RUNTIME_SOURCES := $(wildcard runtime/* runtime/generated/* tools/build_runtime.py)
COMPILED := tests/unit/machine/compiled
SOURCES := src tests tools bench examples
PYTEST_FLAGS ?=
TARGET ?= emulator

.PHONY: all setup runtime bridge demo test fidelity xtest fuzz endurance differential compiled check bench docs debian-table clean
all: demo

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "elfhaven needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "the venv module is missing: install the package python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

runtime: $(RUNTIME)

$(RUNTIME): $(STAMP) $(RUNTIME_SOURCES)
	$(BIN)/python tools/build_runtime.py
	@touch $@

bridge: $(STAMP)
	$(BIN)/python tools/build_bridge.py

demo: $(RUNTIME)
	$(BIN)/elfhaven demo

test: $(RUNTIME) bridge
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

fidelity: $(RUNTIME) bridge
	$(BIN)/python -m pytest -m qemu tests/fidelity $(PYTEST_FLAGS)

xtest: $(RUNTIME) bridge
	$(BIN)/elfhaven xtest --target $(TARGET) $(XTEST_FLAGS)

fuzz: $(STAMP)
	ELFHAVEN_FUZZ_CALLS=1000000 ELFHAVEN_FUZZ_MESSAGES=100000 $(BIN)/python -m pytest tests/fuzz $(PYTEST_FLAGS)

endurance: $(RUNTIME)
	ELFHAVEN_SEALED_CORRUPTIONS=10000 ELFHAVEN_SEALED_KILLS=500 ELFHAVEN_SEALED_LOSSES=2000 \
	  $(BIN)/python -m pytest tests/hostile/test_sealed_corruptions.py tests/hostile/test_sealed_power.py $(PYTEST_FLAGS)

differential: $(STAMP)
	ELFHAVEN_SEED=$${ELFHAVEN_SEED:-$$(date +%s)} ELFHAVEN_STATES=10000 ELFHAVEN_SEQUENCES=100000 \
	  ELFHAVEN_LOOPS=10000 \
	  $(BIN)/python -m pytest -n auto --timeout 3600 $(COMPILED)/test_patterns.py $(COMPILED)/test_loops.py $(COMPILED)/test_sequences.py $(PYTEST_FLAGS)

compiled: $(RUNTIME) bridge
	ELFHAVEN_ENGINE=native ELFHAVEN_COMPILE_AT_ONCE=512 ELFHAVEN_WHOLE=1 $(BIN)/python -m pytest $(PYTEST_FLAGS)

check: $(RUNTIME)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/generate_bridge.py --check

bench: $(RUNTIME)
	$(BIN)/python -m bench

docs: $(STAMP)
	$(BIN)/python tools/generate.py

debian-table: $(RUNTIME) bridge
	$(BIN)/python -m tools.debian_table $(if $(filter qemu,$(TARGET)),--real)

clean:
	rm -rf $(VENV) $(RUNTIME) .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
