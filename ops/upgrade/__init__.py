"""Raises pinned packages in a branch, and shows what that changes in the stacks: `make upgrade` (docs/keeping-up.md).

`pins` reads and writes the pinned versions, `changes` compares the JSON of stacks, and `run` does one after the other
in a temporary copy: git gets a branch at the end, and the working tree is never changed.
"""
