# `make` lists the targets. Each makes the environment that it needs; PYTHON names the interpreter to make it with.

PYTHON ?= python3
OUT ?= out/try
INSTALL = $(@D)/bin/python -m pip --disable-pip-version-check install --quiet
SOURCES := $(shell find src/nacre -type f ! -name '*.pyc')

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

try: .venv-try/installed ## install nacre (no torch), cut one file at five sizes, draw them beside JPEG and WebP
	mkdir -p $(OUT)
	.venv-try/bin/nacre encode examples/kodim23.png -o $(OUT)/kodim23.nacre -f
	.venv-try/bin/nacre sheet examples/kodim23.png -o $(OUT)/sheet.png -f

test: lint ## lint and run the tests, but for the slow ones
	.venv/bin/pytest -m "not slow"

test-all: lint ## lint and run all tests
	.venv/bin/pytest

lint: .venv/installed ## style, types, and which room imports which
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

results: .venv/installed ## run the bench and write results/ again; DATA=folder that holds kodak/
	@test -d "$(DATA)/kodak" || { echo "make results DATA=folder that holds kodak/ (see docs/test-sets.md)"; exit 2; }
	.venv/bin/python -m nacre.bench.results --data "$(DATA)" --out results --cache out/bench

docs: .venv/installed ## build the site of the documents, out/site/index.html
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet
	@echo "out/site/index.html; with search: $(PYTHON) -m http.server -d out/site"

man: .venv/installed ## write man pages of the commands to out/man
	.venv/bin/python docs/hooks/man.py out/man

clean: ## remove the environments and what the other targets made
	rm -rf .venv .venv-try out build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv-try/installed: pyproject.toml requirements/light.txt $(SOURCES)
	$(PYTHON) -m venv $(@D)
	$(INSTALL) -c requirements/light.txt .
	touch $@

# Dependency groups need a newer pip than Python 3.11 brings.
.venv/installed: pyproject.toml requirements/test.txt
	$(PYTHON) -m venv $(@D)
	$(INSTALL) "pip>=25.1"
	$(INSTALL) -c requirements/test.txt -e ".[bench,train]" --group test
	touch $@

.PHONY: help try test test-all lint results docs man clean
