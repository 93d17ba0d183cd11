# `make demo` and `make test` set up a fresh machine by themselves (Python 3.11 with pip, nothing else).
PYTHON ?= python3
BIN := .venv/bin
# Neighbours share what a module's fixtures make, so each worker keeps to its part and takes over the other's at the end.
TWO := -n 2 --dist worksteal
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
# Small arrays on shared cores: one thread each beats threads that spin.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE
# Tests start the program a hundred times; where bytecode is not kept, each start compiles all its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all check bench fuzz clean

demo: .venv/.user
	$(BIN)/kinoeye shoot "The camera moves forward while yawing left, then orbits right around the red robot." -o out/demo
	@echo "open out/demo/report.html"

test: check
	$(BIN)/python -m pytest $(TWO) $(if $(BROWSER),--browser)

test-all: check .venv/.all fuzz
	$(BIN)/python -m pytest $(TWO) --browser --slow -rs

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

bench: .venv/.dev
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

fuzz: .venv/.dev
	HYPOTHESIS_PROFILE=fuzz KINOEYE_FUZZ_FILES=100000 $(BIN)/python -m pytest $(TWO) -k fuzz

clean:
	rm -rf .venv out build dist src/*.egg-info

.venv/.user: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -e ".[models,studio]"
	touch $@

.venv/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -e ".[models,studio,dev]"
	touch $@ .venv/.user

.venv/.all: .venv/.dev
	$(PIP) -e ".[models,studio,data,dev,scale,sfm,usd,gl]"
	touch $@
