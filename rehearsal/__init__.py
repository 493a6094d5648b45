"""Rehearsals: the whole rollout, applied and operated on one machine, against emulated AWS."""
