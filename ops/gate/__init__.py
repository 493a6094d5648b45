"""The gate: checks the synthesized stacks, and reports scan errors instead of a result that is incomplete.

Read in this order: `run` (all steps), `stacks` and `documents` (declared stacks and their files), `view` and
`contracts` (the merged view that is scanned), `scanner` (the only module that uses checkov), `register` (accepted
risks), `reports`. `model` has the types that they share.
"""
