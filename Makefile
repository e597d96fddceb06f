.PHONY: demo test check audit sbom format lock docs

PY := .venv/bin/python
TESTS ?=

demo: ## the bundled city, from nothing to a served page
	scripts/setup
	./pakta demo $(ARGS)

test: ## everything: tools, checks, the whole suite
	scripts/setup-test
	$(MAKE) check
	$(PY) -m compileall -q app tests # servers and workers that tests start begin sooner
	$(PY) -m pytest -n 2 --dist worksteal $(TESTS)

check: ## style, static scan for weaknesses (ruff's S rules, which are bandit's), types, floors, known vulnerabilities
	scripts/setup requirements-dev.lock
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	scripts/audit --if-reachable

audit: ## known vulnerabilities of the locked packages, asked of the advisory database (needs a network)
	scripts/setup requirements-dev.lock
	scripts/audit

sbom: ## the software bill of materials, CycloneDX JSON with licences
	scripts/setup requirements-dev.lock
	mkdir -p dist
	$(PY) scripts/sbom.py dist/pakta.cdx.json

format:
	$(PY) -m ruff check --fix --select I,RUF100,F401 .
	$(PY) -m ruff format .

docs: ## pages generated from the code
	$(PY) scripts/generate_docs.py

lock: ## renew the lock files from pyproject.toml
	uv pip compile -q pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o requirements.lock
	uv pip compile -q pyproject.toml --extra dev --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o requirements-dev.lock
