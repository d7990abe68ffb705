# consentcore: `make` explains the targets, `make demo` shows the product, `make check` is the gate.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
# Where bytecode is not kept, every process of every test compiles SQLAlchemy again.
export PYTHONDONTWRITEBYTECODE :=
# The tests' databases are durable for real; in memory, where there is room, they do not wait for a disk.
export PYTEST_DEBUG_TEMPROOT := $(shell df -m /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 2000 {print "/dev/shm"}')
STORY := tests/acceptance tests/functional/test_end_to_end_stock_client.py tests/browser/test_story.py
COVERAGE := --cov=consentcore --cov=plugins --cov-branch

.PHONY: help nightly interop dynamodb messages translations setup demo demo-check test test-rest anywhere soak check lint format types imports docs reference wheel bench bench-growth growth chaos drill faketime lock packaging screenshots clean browser node nginx pgbouncer

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## .venv from requirements.lock (uv, or pip with BOOTSTRAP=pip); repeated calls cost nothing
	@sh scripts/bootstrap.sh

demo: setup  ## the product on this machine, with a demo application to click through (STORAGE=dynamodb, there also ENDPOINT=url)
	@$(BIN)/consentcore demo $(if $(STORAGE),--storage $(STORAGE)) $(if $(ENDPOINT),--dynamodb-endpoint $(ENDPOINT)) $(DEMO_ARGS)

demo-check: setup browser  ## the whole story for real: the demo step by step, a stock client with mail and webhook sinks, Chromium
	$(BIN)/pytest -q $(STORY)

test: setup  ## the fast tests (about seven minutes on two cores)
	$(BIN)/pytest -n 2 --dist loadfile -q -m "not browser and not slow and not nightly" $(PYTEST_ARGS)

test-rest: setup browser node nginx pgbouncer faketime  ## the tests that `test` and `demo-check` leave out: Chromium, PostgreSQL through the whole kit, load
	$(BIN)/pytest -n 2 --dist loadfile -q -m "(browser or slow) and not nightly" $(addprefix --ignore=,$(STORY)) $(PYTEST_ARGS)

check: setup lint types imports  ## the gate: everything that has to hold before a push
	$(MAKE) test PYTEST_ARGS="$(COVERAGE) --cov-report="
	$(MAKE) test-rest PYTEST_ARGS="$(COVERAGE) --cov-append --cov-report=term:skip-covered"
	$(MAKE) docs wheel demo-check anywhere

nightly: soak chaos drill growth dynamodb interop  ## the long forms: what takes too long before every push

lint: setup  ## format and lint findings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: setup  ## let ruff format and mend
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

types: setup  ## mypy
	$(BIN)/mypy

imports: setup  ## the import directions (import-linter)
	$(BIN)/lint-imports

docs: setup  ## the documentation, warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

anywhere:  ## `make demo` and `make test` in a private folder with an odd name, as root and as nobody, online and offline
	@python3 scripts/anywhere.py

soak: setup  ## the life of tokens in 100,000 generated steps on three stores (SOAK_ARGS="--steps N")
	$(BIN)/python -m scripts.soak $(SOAK_ARGS)

reference: setup  ## docs/settings.md out of the declared settings, docs/storage.md out of the port, docs/checklist.md and requirements.md out of their lists and the tests
	$(BIN)/python scripts/write_settings.py
	$(BIN)/python scripts/write_storage.py
	$(BIN)/python scripts/write_checklist.py
	$(BIN)/python scripts/write_requirements.py
	$(BIN)/python -m drill.table

wheel: setup  ## build both wheels into dist/, use each in a clean environment, the plugins of examples/ beside
	$(BIN)/python scripts/smoke_wheel.py

bench: setup  ## performance, as ratios
	$(BIN)/python -m bench $(BENCH_ARGS)

bench-growth: setup  ## what each operation costs among 10 million tokens, beside 10 thousand
	$(BIN)/python -m bench.growth $(GROWTH_ARGS)

growth: setup  ## the same among a million: the nightly form
	$(BIN)/python -m bench.growth --tokens 1000000 --grants 100000 --events 500000 $(GROWTH_ARGS)

chaos: setup faketime  ## consents and revocations while everything fails, and the truth afterwards
	$(BIN)/python -m chaos --database sqlite $(CHAOS_ARGS)
	$(BIN)/python -m chaos --database postgresql $(CHAOS_ARGS)

dynamodb: setup  ## the storage kit on DynamoDB on a bad day, and over the wire on engines that can be had here
	$(BIN)/pytest -n 2 --dist loadscope -q tests/contract/test_dynamodb_unreliable.py
	$(BIN)/python -m scripts.dynamodb_engine

interop: setup  ## stock clients of Java (Maven) and Go against a real server
	$(BIN)/pytest -q -m nightly tests/functional

drill: setup  ## attacks on the evidence by who has the database, old backups, anchors, leaked keys; and what finds them
	$(BIN)/python -m drill --database sqlite $(DRILL_ARGS)
	$(BIN)/python -m drill --database postgresql $(DRILL_ARGS)

messages: setup  ## the templates of the language catalogs (.pot) out of templates and sources
	@$(BIN)/python scripts/write_messages.py

translations: setup  ## what each language lacks (TRANSLATIONS_ARGS=--merge writes what is new into its catalogs)
	@$(BIN)/python scripts/translations.py $(TRANSLATIONS_ARGS)

screenshots: setup browser  ## pictures of every page in build/screenshots: desktop, phone, dark, printed (SCREENSHOTS_ARGS=--readme: docs/images too)
	$(BIN)/python -m scripts.screenshots build/screenshots $(SCREENSHOTS_ARGS)

lock: setup  ## requirements.lock from requirements.in
	@sh scripts/lock.sh

packaging: setup  ## package, plugin and data lists brought in line with the disk
	@$(BIN)/python scripts/sync_packaging.py

clean:  ## remove everything that can be made again
	rm -rf .venv .uv .bootstrap.lock build dist docs/_build docs/reference .coverage .coverage.* htmlcov *.egg-info plugins/*.egg-info \
	    .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .node tests/interop/node_modules

# What is missing is a failure in CI. On a laptop its tests are skipped, loudly.
browser:
	@sh scripts/ensure_browser.sh || [ -z "$${CI:-}$${REQUIRE_BROWSER:-}" ]

node:
	@sh scripts/ensure_node.sh || [ -z "$${CI:-}$${REQUIRE_NODE:-}" ]

nginx:
	@sh scripts/ensure_debian.sh nginx nginx-light "the tests of the proxy recipes" || [ -z "$${CI:-}$${REQUIRE_NGINX:-}" ]

pgbouncer:
	@sh scripts/ensure_debian.sh pgbouncer pgbouncer "the tests of transaction pooling" || [ -z "$${CI:-}$${REQUIRE_PGBOUNCER:-}" ]

faketime:
	@sh scripts/ensure_debian.sh "/usr/lib/$$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1" libfaketime "jumps of the clock" || [ -z "$${CI:-}$${REQUIRE_FAKETIME:-}" ]
