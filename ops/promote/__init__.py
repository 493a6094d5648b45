"""Promotion: an image that ran in one environment is copied, by digest, to the next (docs/runbooks/promote.md)."""
