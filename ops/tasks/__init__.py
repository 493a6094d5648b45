"""What runs: tasks, their logs, sessions in them, one-off migrations and redeployments."""
