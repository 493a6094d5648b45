"""Registries for the tests of promotion: a real one, and one with set responses."""
