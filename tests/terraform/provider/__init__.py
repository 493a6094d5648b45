"""Terraform with a provider that is started once, and with the schemas of the types that a stack uses.

Terraform decodes the schemas of 1,500 types at each command, and the AWS provider builds them at each start
(docs/performance.md). Here a small server answers with the schemas that a stack needs, and passes other calls on to a
provider that runs already. docs/adr/0033-warm-providers.md says what uses it, and what never does.
"""
