"""Permissions: who calls, what is requested, which policies apply, and AWS's response to a denied call."""
