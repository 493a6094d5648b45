"""AWS's rules for policy documents: statements, conditions, who can show MFA, and what each action takes.

The emulator decides calls with it, and the gate judges stacks with it. It knows nothing of this project.
"""
