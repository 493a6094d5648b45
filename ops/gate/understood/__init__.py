"""What the gate understands: everything else in a stack is rejected, so that "clean" holds for all of it.

`stack.toml` has the blocks, meta-arguments and settings that a stack may have beside its resources; `frame` has the
values of those that depend on the environment, and `structure` compares. The other tables have the types and their
attributes, and `attributes` compares. `schema.json` is an extract of the provider's schema, which `make schema` writes.

Adding a line to a table says that every dangerous value of that block or attribute is found by the check or proof that
the line names, or that it has none.
"""
