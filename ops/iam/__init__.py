"""AWS's rules for policy documents: statements, conditions, MFA, and the resources of each action.

The emulator evaluates requests with it, and the gate checks stacks with it. It doesn't depend on this project's values.
"""
