"""What is fast, measured against its baseline."""
