"""Adoption: which resources of an account Terraform can take over, under which address, and what can't be taken over.

`questions.toml` has a read-only call for each type, and `fixed.toml` what can't be changed in place, each with its way
out. `search` asks AWS for the addresses of the synthesized stacks; the plan gate reads the same table of what is fixed.
"""
