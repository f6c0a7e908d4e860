# make demo | test | check | bench | passing | nightly | pages | process | ui | screenshots | lock | clean
# Everything runs in .venv, which the first command makes from requirements.lock. PYTHON=python3.12 takes another Python.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9
PM4PY := pm4py==2.7.23.11

# Modules are compiled once and not by each process that starts, as pip does for an installed package.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test check bench passing nightly pages process ui screenshots lock clean tools

demo: $(VENV)/.installed  ## a workspace with every shipped pack, demo users and data; prints the address and sign-ins
	$(BIN)/dealwright demo

test: $(VENV)/.installed  ## the tests
	$(BIN)/pytest -n $(JOBS) -m "not nightly"

check: $(VENV)/.installed  ## everything that must hold before a change lands
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) -m "not nightly"

bench: $(VENV)/.installed  ## the platform beside a program written by hand, its rules beside zen-engine; figures also under build/
	mkdir -p build
	$(BIN)/python -m benchmarks --json build/benchmarks.json
	$(BIN)/python -m benchmarks.rules --json build/rules.json
	$(BIN)/python -m benchmarks.definitions --json build/definitions.json

passing: $(VENV)/.installed  ## a million open timers, 100,000 of them due at once, and a run over a million records
	mkdir -p build
	$(BIN)/python -m benchmarks.passing --json build/passing.json

nightly: $(VENV)/.installed  ## the long sizes of tests
	DEALWRIGHT_TEST_GRAPHS=12000 $(BIN)/pytest -n $(JOBS) tests/metadata/test_laws.py
	$(BIN)/pytest -n $(JOBS) -m nightly

pages: $(VENV)/.installed  ## every page in every language, theme and width, in Chromium; pictures of them under build/pages
	mkdir -p build/pages
	DEALWRIGHT_TEST_PICTURES=$(CURDIR)/build/pages $(BIN)/pytest -n $(JOBS) tests/ui/test_pages.py -k no_page_has_a_fault -m "browser or nightly"

process: $(VENV)/.installed  ## what pm4py says of the process of the generated deals, in an environment of its own; fails where it has changed
	mkdir -p build
	test -d build/pm4py || $(PYTHON) -m venv build/pm4py
	build/pm4py/bin/pip install --quiet $(PM4PY)
	$(BIN)/python tests/insights/write_log.py build/process.csv
	build/pm4py/bin/python tests/insights/pm4py_figures.py build/process.csv > build/process_figures.json
	diff tests/data/process_figures.json build/process_figures.json

ui:  ## scripts and styles, built into the package; needs Node.js
	cd ui && npm ci --ignore-scripts && node build.mjs

screenshots: $(VENV)/.installed  ## the pictures of the README, from a demonstration of its own; needs Chromium
	$(BIN)/python ui/screenshots.py

lock: | tools  ## requirements.lock, anew from pyproject.toml
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv==$(UV)
	build/lock/bin/uv pip compile pyproject.toml --group dev --extra postgres --extra server --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock
	rm -rf build/lock

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './ui/node_modules/*' -prune -exec rm -rf {} +

# An interrupted install leaves no stamp, so the next command goes on with it.
$(VENV)/.installed: requirements.lock pyproject.toml | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

# Says what is missing and how to get it, before anything else fails in a less helpful way.
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "dealwright needs Python 3.11 or newer; $(PYTHON) is older or missing. Say which to take: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || exit 0; \
		command -v gcc >/dev/null || command -v cc >/dev/null || { \
		echo "the rules library is compiled on this machine and there is no C compiler; on Debian and Ubuntu: apt-get install gcc libc6-dev; on Fedora: dnf install gcc; on macOS: xcode-select --install" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || exit 0; \
		test -f "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" || { \
		echo "the rules library is compiled on this machine and the headers of $(PYTHON) are missing; on Debian and Ubuntu: apt-get install python3-dev; on Fedora: dnf install python3-devel" >&2; exit 1; }
