"""Checks the exit criteria of the rollout plan against AWS and over HTTP.

Read in this order: `ops.conditions` (what a criterion is), `criteria` (all criteria), `context` (what checks share),
`checks/`.
"""
