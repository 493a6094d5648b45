"""What operators run. Nothing here imports cdktf."""
