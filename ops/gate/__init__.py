"""The gate: checks the synthesized stacks, and reports scan errors instead of a result that is incomplete.

Read in this order: `run` (all steps), `documents` and `stacks` (reading the files), `view` and `contracts` (the merged
view that is scanned), `scanner` (the only module that uses checkov), `register` (accepted risks), `reports`. `model`
has the types that they share.
"""
