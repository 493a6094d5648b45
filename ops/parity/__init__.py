"""Compares environments: which values differ, which resources and arguments differ, and which value causes what.

Stacks are a function of the values. `plain` evaluates it fast enough to do so for every value that differs, so causes
are measured and not described. What the function doesn't give is an unexplained difference: `unexplained`.
"""
