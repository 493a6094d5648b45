"""A test over all cases of a table, which runs as one.

pytest's own parametrization costs 5 to 10 ms a case: for setting it up, reporting it and handing it to a process. That
is more than most cases take. Use it where a case needs fixtures of its own or takes long, and `every_case` for tables.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Test = Callable[..., None]
Names = Iterable[Any] | Callable[[Any], object] | None
_ROW = type(pytest.param())
_LONGEST = 200
"""Of a case's name, in characters: values may be whole documents."""


def every_case(
    names: str | Sequence[str], cases: Iterable[Any] | Callable[[], Iterable[Any]], *, ids: Names = None
) -> Callable[[Test], Test]:
    """Like `pytest.mark.parametrize`, but as one test: it runs all cases, and fails with each case that fails.

    Cases share the test's fixtures, so a case must not change one.

    Args:
        names: Parameters of the test that a case gives.
        cases: A value for each case; of several parameters, a row of values. `pytest.param` gives a case its name.
            A function that returns them is called when the test runs, so that collecting needn't wait for it.
        ids: The names of cases, or what gives the name of a value.

    Raises:
        ValueError: If there is no case, or a row has another number of values than there are names.
    """
    taken = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = None if callable(cases) else _rows(taken, cases, ids)

    def one_test(test: Test) -> Test:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            rows = _rows(taken, cases(), ids) if callable(cases) else table or []
            failed, named = [], []
            for row in rows:
                try:
                    test(**fixtures, **dict(zip(taken, row.values, strict=True)))
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                    name = _name(row, ids)
                    error.add_note(f"This was the case {name}")
                    failed.append(error)
                    named.append(name)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(rows)} cases fail: {'; '.join(named)}", failed)

        others = [parameter for parameter in signature.parameters.values() if parameter.name not in taken]
        if len(others) + len(taken) != len(signature.parameters):
            raise ValueError(f"{test.__name__} must take {', '.join(taken)}")
        vars(run)["__signature__"] = signature.replace(parameters=others)
        return run

    return one_test


def _rows(taken: Sequence[str], cases: Iterable[Any], ids: Names) -> list[Any]:
    """The cases as `pytest.param` has them, with the names that are given for them."""
    rows: list[Any] = [
        case if isinstance(case, _ROW) else pytest.param(*([case] if len(taken) == 1 else case)) for case in cases
    ]
    if not rows or any(len(row.values) != len(taken) or row.marks for row in rows):
        raise ValueError(f"cases of {', '.join(taken)}: must be one or more rows of {len(taken)} values, without marks")
    if ids is None or callable(ids):
        return rows
    given = [str(name) for name in ids]
    if len(given) != len(rows):
        raise ValueError(f"cases of {', '.join(taken)}: {len(rows)} rows have {len(given)} names")
    return [pytest.param(*row.values, id=row.id or name) for row, name in zip(rows, given, strict=True)]


def _name(row: Any, ids: Names) -> str:
    """The name of a case that failed."""
    shown = row.id or ", ".join(str(ids(value) if callable(ids) else value) for value in row.values)
    return str(shown)[:_LONGEST]
