"""All AWS access of `ops`: each kind of data is read in one module, with types.

`errors` and `session` (credentials and clients), `waiting`, `ecs`, `load_balancing`, `dns`, `states` and `state_lock`.
"""
