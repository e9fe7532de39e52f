# The developer's commands. `make` alone lists them.

MAKEFLAGS += --no-print-directory
LOCKS := requirements/dev.txt requirements/uv.txt
PYTHON := .venv/bin/python
# uv trusts its own list of certificate authorities; the system's list, where there is one, also has the local ones.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
endif

# Python keeps what it compiles, whatever the desk says: half of the time to collect the tests is spent on rewriting their assertions.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run unit test proof bench bench-guard bench-reports bench-fairness soak lint format lock dashboards sample clean .venv/new

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' Makefile

run: .venv/.installed ## Start everything, import the sample catalogue, stay up until Ctrl-C
	@exec $(PYTHON) -m devstack run

unit: .venv/.installed ## Run the tests that need no service
	$(PYTHON) -m pytest -n 2 -m unit

test: .venv/.installed ## Run the tests on real servers of their own
	$(PYTHON) -m pytest -n 2 -m "not proof"

proof: .venv/.installed ## Search for violations: model, state machine, crash points, republish, mutants, short soak
	$(PYTHON) -m pytest -n 2 -m proof

bench: .venv/.installed ## Measure the product beside other ways to move images, then each part alone, on real servers
	$(PYTHON) -m bench

bench-guard: .venv/.installed ## Fail when an image costs 15 % more CPU than was recorded
	$(PYTHON) -m bench guard

bench-reports: .venv/.installed ## Measure reports over 20 million outcomes and 50 million daily rows
	$(PYTHON) -m bench reports

bench-fairness: .venv/.installed ## Measure how long others wait beside a burst, with fair shares and without; CHECK=1: the main cases, scaled
	$(PYTHON) -m bench fairness schedulers
	$(PYTHON) -m bench fairness $(CASES)

soak: .venv/.installed ## Kill workers, services and networks for an hour, then check every invariant
	$(PYTHON) -m tests.proofs.soak

lint: .venv/.installed ## Check style, types and import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

format: .venv/.installed ## Format the code and fix what ruff can fix
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: .venv/.installed ## Update the locked dependencies from requirements/*.in
	cd requirements && for name in runtime stats build dev; do \
		../.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$$name.in -o $$name.txt --quiet || exit 1; \
	done

dashboards: .venv/.installed ## Write the dashboards of deploy/grafana from their descriptions
	$(PYTHON) -m devstack.grafana

sample: .venv/.installed ## Regenerate the sample catalogue
	$(PYTHON) -m devstack.sample

clean: ## Stop what runs and remove everything these commands created
	@if [ -x $(PYTHON) ] && [ -d .devstack ]; then $(PYTHON) -m devstack down; fi
	rm -rf .venv .devstack .env build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: .venv/.locked pyproject.toml
	@$(PYTHON) -m uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.locked: $(LOCKS)
	@$(PYTHON) -c 'import sys, pip, ssl; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(MAKE) .venv/new
	@echo "Installing the dependencies into .venv"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(PYTHON) -m uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/new:
	@for candidate in python3.11 python3 python3.12 python3.13 python3.14; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: Python 3.11 or newer is missing (as python3.11 or python3); Debian: apt-get install python3" >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "make: $$python cannot create virtual environments; Debian: apt-get install python$$version-venv" >&2; exit 1; \
	fi; \
	$$python -m venv --clear .venv
