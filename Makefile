# make run            the Space on http://127.0.0.1:7860 (PORT=… changes it)
# make test           the whole test suite; make test-quick: the quick part of it
# make environment    only the environment, in .venv/
# make persian        the whole mission: WORKBOOK=S.xlsx AUDIO=D, OWNER=… publishes; more by MISSION="--minutes 60 …"
# make demo           the same in minutes, on sentences and a Hub of this machine
# make genre          the course's networks compared: AUDIO=D, OWNER=… publishes; more by COURSE="--preset tuned …"
# make lint, make format, make benchmark
#
# PYTHON=…            another Python (3.11 or newer)
# TORCH_INDEX=…       address of PyTorch's wheels for CPUs, see README: on Linux it spares gigabytes of CUDA

# The first that runs and is new enough; a version manager's stand-in for a Python that is not there does not run.
new_enough := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3 python; do \
	$$p -c '$(new_enough)' 2>/dev/null && echo $$p && break; done)
PORT ?= 7860
TORCH_INDEX ?=

bin := .venv/bin
pip := $(if $(TORCH_INDEX),PIP_EXTRA_INDEX_URL=$(TORCH_INDEX)) $(bin)/python -m pip install --quiet --progress-bar off

.PHONY: run persian genre demo test test-quick environment lint format benchmark clean

run: environment
	GRADIO_SERVER_PORT=$(PORT) $(bin)/python space/app.py

persian: environment
	$(bin)/python training/tune_persian.py --workbook "$(WORKBOOK)" --audio-folder "$(AUDIO)" \
		$(if $(OWNER),--owner "$(OWNER)") $(MISSION)

genre: environment
	$(bin)/python training/compare_genres.py --audio-folder "$(AUDIO)" $(if $(OWNER),--owner "$(OWNER)") $(COURSE)

demo: .venv/installed-tests
	$(bin)/python training/demo.py --port $(PORT)

environment: .venv/installed

.venv/installed: requirements.txt space/requirements.txt space/pyproject.toml
	@"$(PYTHON)" -c '$(new_enough)' || \
		{ echo "Najva needs Python 3.11 or newer; PYTHON=/path/to/python chooses one."; exit 1; }
	@echo "Making the environment in .venv (once, some minutes)"
	test -x $(bin)/python || "$(PYTHON)" -m venv .venv
	$(pip) -r requirements.txt
	@touch $@

.venv/installed-tests: .venv/installed tests/requirements.txt
	$(pip) -r requirements.txt -r tests/requirements.txt
	@touch $@

.venv/installed-benchmarks: .venv/installed-tests tests/benchmarks/requirements.txt
	$(pip) -r requirements.txt -r tests/requirements.txt -r tests/benchmarks/requirements.txt
	@touch $@

test: .venv/installed-tests
	tests/install_system_programs.sh
	$(bin)/python -m pytest

test-quick: .venv/installed-tests
	$(bin)/python -m pytest -m "not slow"

lint: .venv/installed-tests
	$(bin)/ruff check .
	$(bin)/ruff format --check .

format: .venv/installed-tests
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

benchmark: .venv/installed-benchmarks
	$(bin)/python tests/benchmarks/transcribe.py
	$(bin)/python tests/benchmarks/page.py

clean:
	rm -rf .venv artifacts
