# `make` lists what there is. Each target makes .venv itself (scripts/set_up.sh); nothing needs root.
CONFIG ?= configs/demo.yaml
DATA ?=
REFERENCE ?=
JOBS ?= 2

COMPARED = $(if $(REFERENCE), --set "reference.root='$(REFERENCE)'")
REPORT = .venv/bin/viton-eval report --config "$(CONFIG)" $(if $(DATA),--data "$(DATA)") --jobs $(JOBS)$(COMPARED)
SET_UP = @bash scripts/set_up.sh
CODE = viton eval tests scripts benchmarks notebooks

.DEFAULT_GOAL := help
.PHONY: help report dry test test-slow lint bench soak gpu-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "Variables: CONFIG=$(CONFIG) DATA=$(DATA) REFERENCE=$(REFERENCE) JOBS=$(JOBS) PYTHON=(a Python, 3.11 or newer)"

report: ## run what CONFIG names, then write reports/<experiment>/index.html
	$(SET_UP)
	$(REPORT)

dry: ## list what `make report` would do, and why; do nothing
	$(SET_UP)
	$(REPORT) --dry-run

test: ## run the tests, but for the slow ones
	$(SET_UP)
	OMP_WAIT_POLICY=PASSIVE .venv/bin/python -m pytest -n $(JOBS)

test-slow: ## run the slow tests: kill loops, load, soak, clean install
	$(SET_UP)
	.venv/bin/python -m pytest -m slow

lint: ## check style and types
	$(SET_UP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: ## time the steps that have budgets, a made-up world, scoring, a report of 2,000 pairs, 100,000 pairs
	$(SET_UP)
	.venv/bin/python -m benchmarks.world
	.venv/bin/python -m benchmarks.try_on
	.venv/bin/python -m benchmarks
	.venv/bin/python -m benchmarks.training
	.venv/bin/python -m benchmarks.scoring
	.venv/bin/python -m benchmarks.report
	.venv/bin/python -m benchmarks.scale

soak: ## 200 raters at a study's server on this machine, for a minute: errors, lost votes, milliseconds
	$(SET_UP)
	.venv/bin/python -m benchmarks.soak

gpu-check: ## every stage on a GPU beside the CPU: agreement, images/s, memory
	$(SET_UP)
	.venv/bin/python -m benchmarks.gpu

clean: ## remove .venv, caches and reports; never runs/
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find $(wildcard $(CODE)) -depth -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +
	[ ! -d reports ] || find reports -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
