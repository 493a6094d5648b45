"""What replaces GitHub's runner and its actions in tests of workflows. Jobs run these files without the project."""
