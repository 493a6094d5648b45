"""The checks, by the phase or the way that they ask. Each is a function of a context; see `ops.verify.model.Check`."""
