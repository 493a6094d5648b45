"""The gate for plans: what a saved plan would destroy, widen or give away, before it is applied.

`reading` makes a `Plan` of `terraform show -json`; `widening` (of what `access` reads) and `secret_values` judge it;
`run` adds losses and puts the findings together. The data that decides is in `tables`.
"""
