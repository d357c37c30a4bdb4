# Everything starts here; each target makes .venv by itself. Plain Python 3.11 or 3.12 and make are enough.
#   make demo              the whole thing on this machine, live in the terminal and in the browser
#   make demo ARGS=--once  the same without staying; exit code 0 only if every step truly happened
#   make test | lint | serve | soak | bench

PYTHON ?= $(shell .ci/python)
BIN := .venv/bin
ARGS ?=
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test lint serve soak bench clean
.DELETE_ON_ERROR:

demo: .venv/ready
	@$(BIN)/python -m sandbox.demo $(ARGS)

serve: .venv/ready
	@$(BIN)/linli all $(ARGS)

test: .venv/ready-dev
	@.ci/test $(ARGS)

soak: .venv/ready-dev
	@LINLI_TEST_SOAK=1 .ci/test $(ARGS)

# Measures beside the raw limits and beside what others are built of; ARGS="filing reading" for some, `--share 0.3` for a first look.
bench: .venv/ready .venv-bench/ready
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/ready-dev
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/lint-imports --no-logo 2>/dev/null | tail -n 12
	@$(BIN)/lint-imports > /dev/null
	$(BIN)/python .ci/rules.py
	$(BIN)/mypy --no-error-summary

.venv/ready: pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv)."; exit 1; fi
	@echo "Making .venv with $(PYTHON); this takes a minute the first time."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/ready-dev: .venv/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.venv-bench/ready: benchmarks/peers.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

clean:
	rm -rf .venv .venv-bench var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
