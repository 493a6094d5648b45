"""Deploys an application: its image, the release file, phase services, and the deployment (docs/runbooks/deploy.md)."""
