"""Registries for the tests of promotion: a real one, and one that answers as it is told."""
