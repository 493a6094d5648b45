"""Promotion: copies an image that runs in one environment, by digest, to the next (docs/runbooks/promote.md)."""
