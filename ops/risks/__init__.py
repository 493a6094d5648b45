"""Accepted risks: expiry, owner, and what closes them."""
