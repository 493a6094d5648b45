"""Releases: the digest of each image that an environment runs, and its history (docs/runbooks/release.md)."""
