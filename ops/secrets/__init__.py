"""The values of secrets: which are there, and how they get new ones."""
