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
_ROW = type(pytest.param())


def every_case(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Iterable[Any] | Callable[[Any], object] | None = None
) -> Callable[[Test], Test]:
    """Like `pytest.mark.parametrize`, but as one test: it runs all cases, and fails with each case that fails.

    Cases share the test's fixtures, so a case must not change one.

    Args:
        names: Parameters of the test that a case gives.
        cases: A value for each case; of several parameters, a row of values. `pytest.param` gives a case its name.
        ids: The names of cases, or what gives the name of a value.

    Raises:
        ValueError: If there is no case, or a row has another number of values than there are names.
    """
    taken = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [case if isinstance(case, _ROW) else pytest.param(*([case] if len(taken) == 1 else case)) for case in cases]
    given = None if ids is None or callable(ids) else [*ids]
    if not rows or any(len(row.values) != len(taken) or row.marks for row in rows):
        raise ValueError(f"cases of {', '.join(taken)}: must be one or more rows of {len(taken)} values, without marks")
    if given is not None and len(given) != len(rows):
        raise ValueError(f"cases of {', '.join(taken)}: {len(rows)} rows have {len(given)} names")

    def name(number: int) -> str:
        row = rows[number]
        if row.id is not None:
            return str(row.id)
        if given is not None:
            return str(given[number])
        shown = [ids(value) if callable(ids) else None for value in row.values]
        return ", ".join(
            str(value) if text is None else str(text) for text, value in zip(shown, row.values, strict=True)
        )

    def one_test(test: Test) -> Test:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            failed = {}
            for number, row in enumerate(rows):
                try:
                    test(**fixtures, **dict(zip(taken, row.values, strict=True)))
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                    case = name(number)[:200]
                    error.add_note(f"This was the case {case}")
                    failed[case] = error
            if failed:
                raise BaseExceptionGroup(
                    f"{len(failed)} of {len(rows)} cases fail: {'; '.join(failed)}", [*failed.values()]
                )

        others = [parameter for parameter in signature.parameters.values() if parameter.name not in taken]
        if len(others) + len(taken) != len(signature.parameters):
            raise ValueError(f"{test.__name__} must take {', '.join(taken)}")
        vars(run)["__signature__"] = signature.replace(parameters=others)
        return run

    return one_test
