"""Terraform with the schemas of the types that a stack uses, instead of the provider's whole schema.

Terraform decodes the schemas of 1,500 types at each command, and the AWS provider builds them when it is asked for
them (docs/performance.md). Here a small server gives Terraform the schemas that a stack needs, from a cache, and passes
other calls on to the provider. docs/adr/0033-warm-providers.md says what uses it, and what never does.
"""
