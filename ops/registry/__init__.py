"""Image registries: repositories over the OCI distribution API, and copies between them."""
