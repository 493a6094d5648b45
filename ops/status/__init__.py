"""The status of a rollout, phase by phase."""
