# An example, written by `make docs` from ops/ci/engines.py and modules/phases.py. docs/ci.md says what it needs.

terraform {
  required_providers {
    spacelift = {
      source = "spacelift-io/spacelift"
    }
  }
}

variable "repository" {
  description = "Name of the repository, without its owner."
  type        = string
}

variable "branch" {
  description = "Branch with the synthesized stacks, which your pipeline commits: main and cdktf.out/stacks."
  type        = string
}

variable "integrations" {
  description = "Id of the AWS integration that assumes each role, by role: deployer and break-glass."
  type        = map(string)
}

locals {
  environment = "prod"
  phases = {
    state         = { role = "break-glass", reads = [] }
    account       = { role = "break-glass", reads = ["state"] }
    network       = { role = "break-glass", reads = ["account"] }
    registry      = { role = "break-glass", reads = [] }
    secrets       = { role = "break-glass", reads = ["account", "registry"] }
    data          = { role = "break-glass", reads = ["account", "network", "secrets"] }
    edge          = { role = "deployer", reads = ["account", "network"] }
    services      = { role = "deployer", reads = ["account", "network", "registry", "secrets", "data", "edge"] }
    observability = { role = "break-glass", reads = ["account", "data", "edge", "services"] }
    hardening     = { role = "break-glass", reads = ["account", "edge"] }
    cutover       = { role = "deployer", reads = ["edge"] }
  }
  reads = merge([
    for name, phase in local.phases : {
      for read in phase.reads : "${name}-reads-${read}" => { stack = name, read = read }
    }
  ]...)
}

# Each stack keeps its own state in S3, and no run is applied without a person who confirms it.
resource "spacelift_stack" "phase" {
  for_each = local.phases

  name              = "${local.environment}-${each.key}"
  repository        = var.repository
  branch            = var.branch
  project_root      = "cdktf.out/stacks/${local.environment}-${each.key}"
  terraform_version = "1.11.4"
  manage_state      = false
  autodeploy        = false
  labels            = [each.value.role]

  # The plan gate. The image of the runner has Python 3.11 or newer.
  after_plan = [
    "make -C ../../.. setup",
    "terraform show -json spacelift.plan > saved.tfplan.json",
    "../../../bin/ops gate-plan \"$PWD/saved.tfplan.json\"",
  ]
}

resource "spacelift_stack_dependency" "reads" {
  for_each = local.reads

  stack_id            = spacelift_stack.phase[each.value.stack].id
  depends_on_stack_id = spacelift_stack.phase[each.value.read].id
}

resource "spacelift_aws_integration_attachment" "role" {
  for_each = local.phases

  integration_id = var.integrations[each.value.role]
  stack_id       = spacelift_stack.phase[each.key].id
  read           = true
  write          = true
}
