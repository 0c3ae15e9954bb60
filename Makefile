# `make report` does the main job and `make test` runs the tests; each sets up all it needs.

PYTHON := python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
DOCTREES := .cache/doctrees
REPORT := out/report.json out/report.html out/report.txt
ARGS :=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help report test test-review lint types docs man check clean
.DELETE_ON_ERROR:
.ONESHELL:
.SHELLFLAGS := -euc

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

report: $(VENV)/for-run ## run every scenario on every variant and write the reports to out/
	@mkdir -p $(dir $(REPORT))
	rm -f $(REPORT)
	# Exit code 1 is a finding: something regressed. A crash has that code too, but writes no report.
	$(VENV)/bin/zonediff run --explore -o $(word 1,$(REPORT)) --html $(word 2,$(REPORT)) \
		--mail $(word 3,$(REPORT)) $(ARGS) || [ $$? -eq 1 ]
	ls $(REPORT)

test: $(VENV)/for-test ## run the tests; for some of them: make test ARGS="-k packaging"
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadscope $(ARGS)

test-review: $(VENV)/for-test ## build, run and review a series on Debian's kernel sources (40 minutes)
	mkdir -p .cache/review out/review
	ZONEDIFF_TREE="$$(.ci/review)"
	export ZONEDIFF_TREE ZONEDIFF_REVIEW_CACHE=.cache/review/builds ZONEDIFF_REVIEW_OUT=out/review
	$(VENV)/bin/python -m pytest tests/review/test_end_to_end.py $(ARGS)
	ls out/review

lint: $(VENV)/for-dev ## look for mistakes, and for layout that ruff would change
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/for-dev ## check the types
	$(VENV)/bin/mypy

docs: $(VENV)/for-docs ## build the documentation and the Python reference in out/docs
	$(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going -c docs -d $(DOCTREES) . out/docs
	ls out/docs/index.html

man: $(VENV)/for-run ## make the manual page out/zonediff.1 from the help texts
	@mkdir -p out
	$(VENV)/bin/python -m tools.man_page > out/zonediff.1
	ls out/zonediff.1

check: lint types test ## all that a change has to pass

clean: ## remove all that was made
	rm -rf $(VENV) $(REPORT) $(DOCTREES) out/docs out/zonediff.1 build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# An editable installation with the extra of that name (running needs none); the sources stay
# where they are, so only a change of what to install makes it stale.
$(VENV)/for-%: pyproject.toml setup.py | $(VENV)/bin/pip
	@echo "Installing zonediff for $* into $(VENV)"
	$(VENV)/bin/pip install -qq --editable '.$(patsubst %,[%],$(filter-out run,$*))'
	touch $@

# Debian and Ubuntu package venv apart from python3, and Ubuntu 22.04's python3 is too old.
$(VENV)/bin/pip:
	@find_python() {
		for python in $(PYTHON); do
			"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
				2>/dev/null && return
		done
		return 1
	}
	if ! find_python; then
		package=python3-venv
		python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || package=python3.11-venv
		echo "Installing $$package"
		apt="$$([ "$$(id -u)" -eq 0 ] || echo sudo -n) env DEBIAN_FRONTEND=noninteractive apt-get -qq"
		{ $$apt update && $$apt install -y $$package; } >/dev/null 2>&1 || true
		find_python || { echo "zonediff needs Python 3.11 or later with venv:" \
			"as root, run: apt-get install $$package" >&2; exit 1; }
	fi
	rm -rf $(VENV)
	"$$python" -m venv $(VENV)
