# Every verb does its own set-up. ARGS="..." is passed on: make demo ARGS=--exit
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
ARGS ?=
BIN := .venv/bin
# A file's tests stay together, so that what they share is made once (docs/decisions/0101).
PYTEST := $(BIN)/pytest -n auto --dist loadfile

.PHONY: help demo serve test check bench docs migration voice transcription lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Watch it work: order a number, attach a call flow, call it (ARGS=--exit to stop after)
	@tools/setup runtime
	@$(BIN)/opentact demo $(ARGS)

serve: ## Start everything on this machine, with its data in ./data
	@tools/setup runtime
	@$(BIN)/opentact serve $(ARGS)

test: ## Run all tests, installing the peers they talk to (APT=no: without, their tests are skipped)
	@tools/setup dev peers
	@tools/run-tests $(ARGS)

check: ## Before every push: format, lint, types, and the tests that start no outside peer
	@tools/setup dev
	@tools/step "format" $(BIN)/ruff format --check .
	@tools/step "lint" $(BIN)/ruff check .
	@tools/step "types" $(BIN)/mypy src tests
	@$(PYTEST) -q -m "not e2e" $(ARGS)

bench: ## Measure what bench/ promises; each script prints its table
	@tools/setup dev peers
	@for script in bench/*.py; do echo; echo "$$script"; $(BIN)/python "$$script" $(ARGS) || exit; done

docs: ## Write the generated pages of docs/reference anew
	@tools/setup dev
	@tools/step "docs/reference/errors.md" $(BIN)/python -m opentact.app.error_pages
	@tools/step "docs/operating/settings.md" $(BIN)/python -m opentact.app.settings_page
	@tools/step "docs/reference/verbs.md" $(SHELL) -c \
		'page=$$($(BIN)/python -m opentact.voice.callflow.reference) && echo "$$page" > docs/reference/verbs.md'

migration: ## Write the step from the newest schema to the entities: make migration m="why"
	@tools/setup dev
	@$(BIN)/python -m opentact.adapters.storage.migrations "$(m)" $(ARGS)

voice: ## Add a natural voice for Say (63 MB; without it a small one speaks)
	@tools/setup runtime voice

transcription: ## Write down what is said in recordings (180 MB; Record asr="true" asks for it)
	@tools/setup runtime transcription

lock: ## Choose package versions anew and write the lock files (ARGS=--upgrade: the newest)
	@tools/setup dev
	@tools/lock $(ARGS)

clean: ## Remove the virtual environment and all caches (not ./data)
	@rm -rf .venv .tmp .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
