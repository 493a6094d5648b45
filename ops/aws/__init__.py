"""What `ops` asks of AWS: each kind of data is read in one module, with types. Commands keep only their question.

`errors` and `session` (the way to AWS), `waiting`, `ecs`, `load_balancing`, `dns`, `states` and `state_lock`.
"""
