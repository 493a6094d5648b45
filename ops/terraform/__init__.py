"""Plans and applies the phases of an environment with Terraform, which does the work."""
