"""What environments cost a month: `prices/` and `types.toml` are data, which `estimate.py` applies to the stacks.

The gate's check is `ops/gate/cost.py`. docs/cost.md explains the parts.
"""
