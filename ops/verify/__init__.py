"""Whether the exit criteria of the rollout plan hold, asked of AWS and over HTTP.

Read in this order: `ops.conditions` (what a criterion is), `criteria` (all of them), `context` (what checks share),
`checks/`.
"""
