# Everything starts here: `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test quick check bench chaos lock audit fuzz mutate gallery picture clean setup setup-dev

help:  ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z-]*:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: setup  ## the whole venue at http://localhost:8000/ until Ctrl-C; PORT=8001 and TOCSIN_DATA_DIR=/some/folder move it
	@$(VENV)/python -m tools.run

# What is quick, then what starts venues, nodes and browsers, two at a time: the latter by files,
# since it mostly waits. The second also runs when the first failed: one run names all that is wrong.
test: setup-dev  ## all tests, on real nodes, a real database and a real browser
	@$(VENV)/python -m pytest -n 2 -m "not slow and not browser" $(ARGS); quick=$$?; \
	$(VENV)/python -m pytest -n 2 --dist loadgroup -m "slow or browser" $(ARGS) && exit $$quick

quick: setup-dev  ## the short part of the tests
	@$(VENV)/python -m pytest -n 2 -m "not slow and not browser" $(ARGS)

check: setup-dev  ## style, types, imports between the floors, migrations, promises; FIX=1 mends style
	@$(VENV)/python -m tools.check $(if $(FIX),--fix)

bench: setup-dev  ## measured speed beside the floor and beside peers, in one run
	@$(VENV)/python -m tools.bench $(ARGS)

chaos: setup-dev  ## the real parts disturbed by a seeded plan and compared with a calm run; ARGS="--seed 7 --minutes 60"
	@$(VENV)/python -m chaos $(ARGS)

audit: setup-dev  ## advisories and licences of everything that is pinned; fails when it cannot ask
	@$(VENV)/python -m tools.audit

fuzz: setup-dev  ## the API against its schema for longer; FUZZ_EXAMPLES=2000 FUZZ_SEED=7 ask for others
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-500} $(VENV)/python -m pytest tests/api/test_fuzz.py -q $(ARGS)

mutate: setup-dev  ## each refusal of the core and of its verifiers taken away in turn: a test must fail; ARGS="proofs/chain/rlp.py"
	@$(VENV)/python -m tools.mutating $(ARGS)

gallery: setup-dev  ## every page in every state, phone and desk, day and night, on one sheet: screenshots/gallery/index.html
	@GALLERY=all $(VENV)/python -m pytest tests/web/test_gallery.py -q $(ARGS)

picture: setup-dev  ## docs/imports.svg: which room imports which, on their floors
	@$(VENV)/python -m tools.picture

lock: setup-dev  ## pin Python and npm packages after a change of pyproject.toml or package.json; ARGS=--upgrade takes newest ones
	@$(VENV)/python -m tools.lock $(ARGS)

clean:  ## remove what was installed and built, but no data (.data stays)
	rm -rf .venv node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

setup:
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev
