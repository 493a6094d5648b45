"""Whether the exit criteria of the rollout plan hold, asked of AWS and over HTTP.

Read in this order: `model` (what a check is), `table` (all of them), `run`, `calls` and `context` (what checks share),
`checks/`.
"""
