# Verbs of the project; docs/contributing.md says what each is for.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp
PROMPT ?= a vase 120 mm tall in terracotta PLA
TESTS  ?= tests

.PHONY: demo test setup serve check fix bench gpu smoke-replicate docs pictures lock train-nano
.DEFAULT_GOAL := demo

demo: $(STAMP)    ## install, then make one object and print its quote
	$(BIN)/moldar generate "$(PROMPT)" --out out/demo

test: $(STAMP)    ## the whole suite; ARGS goes to pytest
	$(BIN)/pytest -q $(TESTS) $(ARGS)

setup: $(STAMP)   ## the virtual environment, from the lock file

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Moldar needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pipelines.warming
	touch $@

serve: $(STAMP)   ## page and API on http://127.0.0.1:8000
	$(BIN)/moldar serve

check: $(STAMP)   ## what CI runs before the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m docs.generate --check

fix: $(STAMP)     ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)   ## every figure of docs/benchmarks.md
	$(BIN)/python -m bench

# The machine's own python, unless there is a .venv: a GPU may be lent where nothing can be installed. pytest's checks
# are the harness's own and more; they need pytest and the plugins that pyproject.toml sets up.
GPU_PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON))
gpu:              ## checks that need a GPU, then its speed; ARGS goes to bench.gpu (--tiny, --only, --minutes)
	@if ! $(GPU_PYTHON) -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then \
	  echo "no CUDA device here: nothing to check (python -m bench.gpu --tiny runs the same code on a CPU)"; \
	else \
	  checked=0; \
	  if $(GPU_PYTHON) -c 'import pytest, pytest_asyncio, pytest_timeout, hypothesis' 2>/dev/null; then \
	    $(GPU_PYTHON) -m pytest -q -m gpu tests/gpu/test_rasterizers.py || checked=$$?; \
	  fi; \
	  $(GPU_PYTHON) -m bench.gpu --out out/gpu $(ARGS) && exit $$checked; \
	fi

smoke-replicate: $(STAMP) ## one real paid call, at most 0.003 USD, where REPLICATE_API_TOKEN is set
	$(BIN)/python -m bench.smoke_replicate

MINUTES ?= 95
train-nano: $(STAMP) ## learn lgm-nano anew; MINUTES of it, ARGS goes to training.train
	OMP_NUM_THREADS=1 $(BIN)/python -m training.train --minutes $(MINUTES) --ship out/nano/lgm-nano.safetensors $(ARGS)

docs: $(STAMP)    ## write the generated pages: settings, errors, metrics
	$(BIN)/python -m docs.generate

pictures: $(STAMP) ## draw the pictures of the README
	$(BIN)/python -m docs.pictures

lock:             ## resolve anew and write requirements.lock
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q 'torch==2.13.0' hatchling editables
	$(BIN)/python -m pip install -q '.[dev,multiview,postgres,s3]'
	$(BIN)/python -m pip uninstall -q -y moldar
	{ echo "# Written by 'make lock'; torch is pinned so that no machine without a GPU fetches a CUDA build."; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed "s/+cpu$$//"; } > requirements.lock
