"""Tags that others put on resources, which each of a stack's providers ignores."""

from __future__ import annotations

from environments.schema import Environment
from modules.bindings import aws


def ignored_tags(environment: Environment) -> list[aws.AwsProviderIgnoreTags] | None:
    """The provider's `ignore_tags`; none if the environment ignores none.

    https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/guides/resource-tagging#ignoring-changes-in-all-resources
    """
    ignored = environment.ignored_tags
    if not (ignored.keys or ignored.key_prefixes):
        return None
    return [aws.AwsProviderIgnoreTags(keys=list(ignored.keys), key_prefixes=list(ignored.key_prefixes))]
