"""The export as plain Terraform HCL."""
