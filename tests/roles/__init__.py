"""Tests of what roles may do, and of recorded requests."""
