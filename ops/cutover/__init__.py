"""Cutover: traffic moves by DNS weight in watched steps, and rolls back (docs/runbooks/cutover.md, docs/adr/0013)."""
