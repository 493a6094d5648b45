"""The plan's go-live list, each item with its evidence (R12.1)."""
