"""JSON that a command reads back: a file, an object or a line of another form is an error that names what is wrong."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:  # noqa: ANN401  (any type that Pydantic knows)
    return TypeAdapter(form)


def parse(form: type[T], content: str | bytes) -> T:
    """The value of a JSON text.

    Args:
        form: The type of the value: a data class, or a type of Python's own. Keys that it lacks are left out.
        content: The text.

    Raises:
        ValueError: It isn't JSON of that form. The message has the place, and no value.
    """
    known: Any = form
    try:
        found: T = _adapter(known).validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
    return found
