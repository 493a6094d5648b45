"""The constructs that stacks are composed of.

A construct is a plain class that adds resources to a stack. It derives their ids from its own (`database`,
`database_key`), so an address names its resource and doesn't change when code moves (docs/adr/0003-flat-addresses.md).

Every construct's signature is `(scope, id_, *, spec, names, <references>)`; a test checks it:

- `scope` is the stack, and `id_` the id of the construct's main resource, or the first part of its resources' ids.
- `spec` is the whole value that it implements: a value of the environment (`schema.Database`), or a row of a table
  (`alarms.Alarm`). A building block that implements no such value, such as a role, has no spec.
- `names` gives names and ARNs, and their environment with its profile. (The organization has none.)
- The other arguments come from other resources (ARNs, ids, names, statements, constructs), or are the end of a name. A
  number or a switch is a setting, so it belongs in a spec.

What other constructs need is an attribute: an expression, or an address for `depends_on`.
"""
