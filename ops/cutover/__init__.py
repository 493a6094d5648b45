"""Cutover: traffic moves by DNS weight in watched steps, and back (docs/runbooks/cutover.md, docs/adr/0013)."""
