"""Restores of a database, a cache, a state or a secret, beside what exists; docs/runbooks/restore.md."""
