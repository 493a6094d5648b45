"""The checks by topic. Each is a function of a context; see `ops.conditions.Condition.check`."""
