"""One module a phase: composition only."""
