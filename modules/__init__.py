"""Everything that produces Terraform: the table of phases, their stacks, and the constructs in the stacks."""
