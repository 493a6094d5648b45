"""What may be applied: our own checks, in checkov's forms, and the register of accepted risks."""
