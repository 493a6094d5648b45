"""AWS's rules for policy documents: statements, conditions, and who can show MFA.

The emulator decides calls with it, and the gate judges stacks with it. It knows nothing of this project.
"""
