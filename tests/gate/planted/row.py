"""What a planted violation is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Gone(Enum):
    """Instead of a value: what stands there is removed."""

    GONE = "gone"


GONE = Gone.GONE
COMMON_REGISTER, PRODUCT_REGISTER = REGISTERS = (
    Path("policies/risks.toml"),
    Path("tests/products/aep/risks/aep.toml"),
)
"""Instead of a stack: a file of the register is changed."""


@dataclass(frozen=True)
class Row:
    """A single mistake: at a place of a stack's document stands another value, or nothing."""

    id: str
    requirement: str
    sentence: str
    stack: str
    path: str
    """Keys from the document's top as in a JSON pointer, into JSON texts too; `-` appends. Empty: the whole stack."""
    value: Any = GONE
    seen: str = ""
    """Address of the block that it is noticed at, where that is another than the planted one, in another stack."""
    by_values: bool = False
    """Whether the comparison with the environment's values counts: it finds every planted change of a stack."""

    @property
    def environment(self) -> str:
        """What has to be judged to see it."""
        return "prod-starter" if Path(self.stack) in REGISTERS else self.stack.rpartition("-")[0] or self.stack

    @property
    def address(self) -> str:
        """The planted block, as Terraform calls it; empty if it is none."""
        section, *names = self.path.split("/")
        return ".".join(names[:2] if section == "resource" else [section, *names[:2]]) if names else ""
