"""Releases: which digest of each image an environment runs, and ran (docs/runbooks/release.md)."""
