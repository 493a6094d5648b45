"""Everything that makes Terraform: the table of phases, their stacks, and what stacks are built of."""
