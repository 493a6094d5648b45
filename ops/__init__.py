"""The operators' commands. Nothing here imports cdktf."""
