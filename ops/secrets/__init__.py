"""The values of secrets: which are set, and how to set new ones."""
