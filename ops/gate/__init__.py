"""The gate: whether the synthesized stacks may be applied, and whether that answer can be trusted.

Read in this order: `run` (the whole way), `documents` and `stacks` (what is on disk), `view` and
`contracts` (what is scanned), `scanner` (checkov, and nowhere else), `register` (accepted risks),
`reports`. `model` holds what they hand to one another.
"""
