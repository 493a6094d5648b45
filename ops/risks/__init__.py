"""Accepted risks: until when, by whom, and what closes them."""
