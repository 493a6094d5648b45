"""Where a rollout stands, phase by phase."""
