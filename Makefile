# make demo: set everything up from nothing, run the embedded demo, open its report.
# make test: set everything up from nothing, pass the tests.
# make docs: build the documentation as a site that needs no network.
# All can be repeated; what is done already stays quiet.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_STAMP := demo_data/.written
SIMULATOR := $(wildcard workflow/sidemine/simulate/*.py workflow/sidemine/simulate/*.yaml)

.PHONY: help setup demo docs picture generated rule-graph real-files test lint format benchmark clean

help:
	@sed -n '1,4p' Makefile | cut -c3-

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@command -v git >/dev/null || { echo "git is missing. Debian/Ubuntu: sudo apt-get install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing. Debian/Ubuntu: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version). Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Debian/Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once, about a minute) ..."
	@rm -f $(STAMP)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q workflow/sidemine
	@$(BIN)/python -m sidemine.set_up
	@touch $(STAMP)

$(DEMO_STAMP): $(STAMP) $(SIMULATOR)
	@echo "Writing the demo's simulated files to demo_data/ ..."
	@rm -rf demo_data downloads/demo  # what was retrieved from an older simulation does not fit a newer one
	@$(BIN)/python -m sidemine.simulate demo demo_data
	@touch $(DEMO_STAMP)

demo: $(STAMP) $(DEMO_STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sidemine run config/demo --cores $(CORES)
	@echo "The report: $(CURDIR)/results/demo/report.html"
	@if [ -t 1 ] && { [ -n "$$DISPLAY" ] || [ -n "$$WAYLAND_DISPLAY" ]; }; then $(BIN)/python -m webbrowser "file://$(CURDIR)/results/demo/report.html" >/dev/null; fi

docs: $(STAMP)
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d site/.doctrees . site
	@echo "The documentation: $(CURDIR)/site/index.html"

picture: $(STAMP)
	@$(BIN)/python docs/take_report_picture.py results/demo/report.html docs/report.png
	@$(BIN)/python docs/take_reading_pictures.py results/demo/report.html docs/reading

# What is written from the code, and compared with it by tests: schemas, tables of the documentation, the picture of the rules.
generated: $(STAMP) rule-graph
	@for module in study.schemas record_schemas data_dictionary; do $(BIN)/python -m sidemine.$$module || exit 1; done
	@$(BIN)/python docs/write_statistics.py

rule-graph: $(STAMP)
	@$(BIN)/python docs/draw_rule_graph.py

real-files: $(STAMP)
	@test -n "$$SIDEMINE_REAL_FILES" || { echo "Set SIDEMINE_REAL_FILES to the folder that holds mirror/ and data/"; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" sidemine run tests/real_files --allow "$$SIDEMINE_REAL_FILES" --cores $(CORES)
	@echo "The report: $(CURDIR)/results/real_files/report.html"

test: $(STAMP)
	@# pytest keeps the tests that it has rewritten: each worker would do so anew in every run, for ten seconds.
	@PYTHONDONTWRITEBYTECODE= PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(CORES) --dist worksteal

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt --check workflow/Snakefile workflow/rules workflow/atlas/Snakefile
	@test -e $(DEMO_STAMP) || $(MAKE) --no-print-directory $(DEMO_STAMP)
	@# Snakemake wants an environment of each rule; ours is the lock, or an image that is named on the command line.
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --configfile config/demo/config.yaml --config container=named-by-the-user --lint

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakefmt workflow/Snakefile workflow/rules workflow/atlas/Snakefile

clean:
	@rm -rf $(VENV) site demo_data results downloads logs .snakemake
