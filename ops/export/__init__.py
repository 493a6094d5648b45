"""Writes synthesized stacks as plain Terraform HCL, for a reader, or to continue without Python (docs/export.md).

`blocks` knows which settings of a type are nested blocks; its tables come from the provider's schema (`make schema`).
`expressions` writes a JSON value as an expression, `configuration` a stack as text, `constructs` reads which construct
created a resource, and `folder` writes the files.
"""
