"""Parts that stacks are composed of.

They are plain classes that add resources to a stack under ids of their own making (`database`, `database_key`),
so that an address says what it is and never changes because code moved (docs/adr/0003-flat-addresses.md).
"""
