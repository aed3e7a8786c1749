# Every target sets up what it needs by itself; the second time it is fast.
PY := .venv/bin/python

.PHONY: setup run test test-postgres e2e bench lint format lock clean
setup: .venv/.dev

.venv/.base: requirements/base.txt pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --quiet --require-hashes -r requirements/base.txt
	$(PY) -m pip install --quiet --no-deps -e .
	touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	$(PY) -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

run: .venv/.base
	.venv/bin/tocsin serve --config config.yaml

test: .venv/.dev
	$(PY) -m pytest -m "not e2e and not postgres"

test-postgres: .venv/.dev
	$(PY) -m tests.postgres

e2e: .venv/.dev
	$(PY) -m tests.e2e

bench: .venv/.dev
	mkdir -p bench/results
	$(PY) -m bench

lint: .venv/.dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/.dev
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# After a change of the dependencies in pyproject.toml; needs uv. Pins stay where they still fit.
LOCK := uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python 3.11
lock:
	$(LOCK) pyproject.toml --output-file requirements/base.txt
	$(LOCK) pyproject.toml --group dev --output-file requirements/dev.txt

clean:
	rm -rf .venv data bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis
