"""Parts that stacks are composed of.

They are plain classes that add resources to a stack under ids of their own making (`database`, `database_key`),
so that an address says what it is and never changes because code moved (docs/adr/0003-flat-addresses.md).

Every construct's signature is `(scope, id_, *, spec, names, <references>)`; a test holds it:

- `scope` is the stack, and `id_` the id of the construct's main resource, or the first part of its resources' ids.
- `spec` is what it implements, whole: a value of the environment (`schema.Database`), or a row of a table
  (`alarms.Alarm`). A building block that implements none, such as a role, has no spec.
- `names` gives names and ARNs, and the environment that they belong to, with its profile. (The organization has none.)
- The rest is what other resources give (ARNs, ids, names, statements, constructs), or the end of a name. A number or a
  switch among it would be a setting, which belongs to a spec.

What a construct's users need of it is an attribute: an expression, or an address for `depends_on`.
"""
