"""The gate for plans: what a saved plan would destroy, widen or give away, before it is applied.

`reading` makes a `Plan` of `terraform show -json`; `stateful`, `widening` and `secret_values` judge it; `run` puts
their findings together. Data that decides stands in tables: `stateful.STATEFUL` and `tables`.
"""
