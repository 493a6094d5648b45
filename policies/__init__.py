"""Our own checks in checkov's form, and the register of accepted risks."""
