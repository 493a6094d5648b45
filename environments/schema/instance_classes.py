"""Which instance classes RDS has for PostgreSQL, and which node types ElastiCache has: tables with a date.

AWS adds a family about once a year. One that isn't here yet is one line away, with `CHECKED_ON`.
"""

from __future__ import annotations

from collections.abc import Mapping

from environments.suggestions import did_you_mean

CHECKED_ON = "2026-11-28"
"""The day on which the tables were compared with AWS's pages."""
_SMALL = "micro small medium"
_T = f"{_SMALL} large xlarge 2xlarge"
_TO_16 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_TO_24 = f"{_TO_16} 24xlarge"
_TO_32 = f"{_TO_24} 32xlarge"
_TO_48 = f"{_TO_24} 48xlarge"
_CACHE_TO_24 = "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"
Sizes = Mapping[str, str]
"""Sizes by family, with spaces between them."""
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
DATABASE: Sizes = {
    **dict.fromkeys(("t3", "t4g"), _T),
    **dict.fromkeys(("m6g", "m6gd", "m7g", "r6g", "r6gd", "r7g", "x2g"), _TO_16),
    **dict.fromkeys(("m5", "m5d", "r5", "r5b", "r5d"), _TO_24),
    **dict.fromkeys(("m6i", "m6id", "m6idn", "m6in", "r6i", "r6id", "r6idn", "r6in"), _TO_32),
    **dict.fromkeys(("m7i", "m8g", "m8gd", "r7i", "r8g", "r8gd"), _TO_48),
    "x2idn": "16xlarge 24xlarge 32xlarge",
    "x2iedn": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge",
}
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheNode.html
# Without r6gd, whose nodes need data tiering, which the stacks don't switch on:
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/data-tiering.html
CACHE: Sizes = {
    **dict.fromkeys(("t2", "t3", "t4g"), _SMALL),
    **dict.fromkeys(("m6g", "m7g", "r6g", "r7g", "c7gn"), _TO_16),
    **dict.fromkeys(("m5", "r5"), _CACHE_TO_24),
    "m4": "large xlarge 2xlarge 4xlarge 10xlarge",
    "r4": "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge",
}


def database_class_problem(text: str) -> str | None:
    """Why RDS has no such instance class; none if it has."""
    return _problem(text, "db", DATABASE)


def node_type_problem(text: str) -> str | None:
    """Why ElastiCache has no such node type; none if it has."""
    return _problem(text, "cache", CACHE)


def _problem(text: str, kind: str, sizes: Sizes) -> str | None:
    prefix, _, rest = text.partition(".")
    family, _, size = rest.partition(".")
    if prefix == kind and size in sizes.get(family, "").split():
        return None
    if prefix == kind and family in sizes:
        return f"{kind}.{family} has the sizes {', '.join(sizes[family].split())}"
    known = [f"{kind}.{each}.{size}" for each, of_family in sizes.items() for size in of_family.split()]
    families = f"environments/schema/instance_classes.py has the families that AWS had on {CHECKED_ON}"
    return did_you_mean(text, known) + families
