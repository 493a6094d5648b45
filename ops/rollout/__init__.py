"""A whole rollout: wave by wave for you, and in two steps with a stored plan for CI."""
