"""The gate for plans: what a saved plan would destroy, which access it would widen, which secrets it holds.

`reading` parses `terraform show -json` into a `Plan`; `access` reads who may do what from it, `widening` compares that
before and after, `secret_values` finds secrets; `run` adds losses and collects the findings. `tables` holds the data.
"""
