"""Examples for other engines, from the table of phases: GitLab CI, Atlantis and Spacelift. docs/ci.md describes them.

They roll out the environment `prod`: change the name in your copy. What of them is checked, and what isn't, is on that
page.
"""

from __future__ import annotations

import json
from pathlib import Path

from modules.phases import PHASES
from ops.ci.rollout_workflow import DEPLOYED
from ops.ci.yaml_text import Value, as_yaml

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
HEAD = "An example, written by `make docs` from ops/ci/engines.py and modules/phases.py. docs/ci.md says what it needs."
ENVIRONMENT = "prod"
TERRAFORM = next(
    line.split()[1]
    for line in (Path(__file__).parents[2] / ".tool-versions").read_text(encoding="utf-8").splitlines()
    if line.startswith("terraform ")
)


def examples() -> dict[Path, str]:
    """The text of each example, by its file."""
    return {
        FOLDER / "gitlab-ci.yml": as_yaml(gitlab(), HEAD),
        FOLDER / "atlantis.yaml": as_yaml(atlantis(), HEAD),
        FOLDER / "spacelift.tf": spacelift(),
    }


def gitlab() -> dict[str, Value]:
    """A pipeline: checks, then for each phase of the deployer a job that plans and a manual one that applies.

    https://docs.gitlab.com/ci/yaml/
    """
    on_main = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    main_only: list[Value] = [{"if": on_main}]
    signed_in: dict[str, Value] = {
        # https://docs.gitlab.com/ci/secrets/id_token_authentication/
        "id_tokens": {"AWS_ID_TOKEN": {"aud": "sts.amazonaws.com"}},
        "environment": {"name": "production"},
        "resource_group": "rollout-$ENVIRONMENT",
        "rules": main_only,
    }
    gated = ['make gate ENV="$ENVIRONMENT"', 'printf %s "$AWS_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"']
    document: dict[str, Value] = {
        "stages": ["check", *(phase.name for phase in DEPLOYED)],
        "workflow": {
            "rules": [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}, *main_only],
        },
        "variables": {
            "ENVIRONMENT": ENVIRONMENT,
            # The role's ARN is a variable of the project: AWS_ROLE_ARN.
            "AWS_WEB_IDENTITY_TOKEN_FILE": "$CI_PROJECT_DIR/.terraform/token",
        },
        "default": {
            "image": "python:3.12",
            "before_script": [
                "bin/install-terraform .terraform/bin",
                'export PATH="$CI_PROJECT_DIR/.terraform/bin:$PATH"',
                "make setup",
            ],
            "interruptible": False,
        },
        "check": {
            "stage": "check",
            "timeout": "1 hour",
            "script": ["make setup-dev", "make lint", "make test", "make gate"],
            "artifacts": {"when": "always", "reports": {"junit": "cdktf.out/reports/gate.junit.xml"}},
        },
    }
    for phase in DEPLOYED:
        plan, apply = f"plan-{phase.name}", f"apply-{phase.name}"
        outputs = f"{phase.name}.env"
        document[plan] = {
            "stage": phase.name,
            "timeout": "3 hours",
            **signed_in,
            "script": [
                *gated,
                f'bin/ops rollout "$ENVIRONMENT" {phase.name} --store --wait 120 --outputs {outputs}',
            ],
            # `changes` and `sha256` are variables of the job that applies.
            "artifacts": {"reports": {"dotenv": outputs}},
        }
        document[apply] = {
            "stage": phase.name,
            "timeout": "2 hours",
            "needs": [plan],
            **signed_in,
            "rules": [{"if": on_main, "when": "manual", "allow_failure": False}],
            "script": [
                *gated,
                'test "$changes" = false || '
                f'bin/ops rollout "$ENVIRONMENT" {phase.name} --stored="${{sha256:?}}" --yes',
            ],
        }
    return document


def atlantis() -> dict[str, Value]:
    """A project for each phase of the deployer, each after those that it reads; the other phases have none.

    https://www.runatlantis.io/docs/repo-level-atlantis-yaml.html
    """
    deployed = [phase.name for phase in DEPLOYED]
    projects: list[Value] = []
    for order, phase in enumerate(DEPLOYED):
        reads = [f"{ENVIRONMENT}-{name}" for name in phase.reads if name in deployed]
        projects.append(
            {
                "name": f"{ENVIRONMENT}-{phase.name}",
                "dir": ".",
                "workflow": phase.name,
                "execution_order_group": order,
                **({"depends_on": reads} if reads else {}),
                "apply_requirements": ["approved", "mergeable", "undiverged"],
                "autoplan": {
                    "enabled": True,
                    "when_modified": ["environments/**", "modules/**", "policies/**", "requirements.txt"],
                },
            }
        )
    return {
        "version": 3,
        "parallel_plan": False,
        "parallel_apply": False,
        "projects": projects,
        "workflows": {
            phase.name: {
                "plan": {
                    "steps": [
                        {"run": "make setup"},
                        {"run": f"make gate ENV={ENVIRONMENT}"},
                        {"run": f"bin/ops plan {ENVIRONMENT} {phase.name}"},
                        # Atlantis applies projects of which it has this file.
                        {"run": f'test ! -e {_saved(phase.name)} || cp {_saved(phase.name)} "$PLANFILE"'},
                    ]
                },
                "apply": {
                    "steps": [
                        {"run": f"bin/ops apply {ENVIRONMENT} {phase.name} --yes"},
                        {"run": f"bin/ops verify {ENVIRONMENT} {phase.name}"},
                    ]
                },
            }
            for phase in DEPLOYED
        },
    }


def _saved(phase: str) -> str:
    return f"cdktf.out/stacks/{ENVIRONMENT}-{phase}/saved.tfplan"


def spacelift() -> str:
    """A stack for each phase, and a dependency for each phase that another one reads.

    https://registry.terraform.io/providers/spacelift-io/spacelift/latest/docs
    """
    width = max(len(phase.name) for phase in PHASES)
    table = "\n".join(
        f'    {phase.name:<{width}} = {{ role = "{phase.role}", reads = {json.dumps(phase.reads)} }}'
        for phase in PHASES
    )
    return _SPACELIFT.format(head=HEAD, table=table, environment=ENVIRONMENT, terraform=TERRAFORM)


_SPACELIFT = """\
# {head}

terraform {{
  required_providers {{
    spacelift = {{
      source = "spacelift-io/spacelift"
    }}
  }}
}}

variable "repository" {{
  description = "Name of the repository, without its owner."
  type        = string
}}

variable "branch" {{
  description = "Branch with the synthesized stacks, which your pipeline commits: main and cdktf.out/stacks."
  type        = string
}}

variable "integrations" {{
  description = "Id of the AWS integration that assumes each role, by role: deployer and break-glass."
  type        = map(string)
}}

locals {{
  environment = "{environment}"
  phases = {{
{table}
  }}
  reads = merge([
    for name, phase in local.phases : {{
      for read in phase.reads : "${{name}}-reads-${{read}}" => {{ stack = name, read = read }}
    }}
  ]...)
}}

# Each stack keeps its own state in S3, and no run is applied without a person who confirms it.
resource "spacelift_stack" "phase" {{
  for_each = local.phases

  name              = "${{local.environment}}-${{each.key}}"
  repository        = var.repository
  branch            = var.branch
  project_root      = "cdktf.out/stacks/${{local.environment}}-${{each.key}}"
  terraform_version = "{terraform}"
  manage_state      = false
  autodeploy        = false
  labels            = [each.value.role]

  # The plan gate. The image of the runner has Python 3.11 or newer.
  after_plan = [
    "make -C ../../.. setup",
    "terraform show -json spacelift.plan > saved.tfplan.json",
    "../../../bin/ops gate-plan \\"$PWD/saved.tfplan.json\\"",
  ]
}}

resource "spacelift_stack_dependency" "reads" {{
  for_each = local.reads

  stack_id            = spacelift_stack.phase[each.value.stack].id
  depends_on_stack_id = spacelift_stack.phase[each.value.read].id
}}

resource "spacelift_aws_integration_attachment" "role" {{
  for_each = local.phases

  integration_id = var.integrations[each.value.role]
  stack_id       = spacelift_stack.phase[each.key].id
  read           = true
  write          = true
}}
"""
