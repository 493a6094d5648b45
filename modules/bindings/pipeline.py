"""Lets Python go on while node starts and loads packages.

jsii's Python side waits for node's answer to every request. The first ones, a greeting and one `load` a package, take
as long as all of Python's imports, and nothing depends on their answers but whether they are errors. So these requests
are sent without waiting, and their answers are read before that of the first other request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

MODULE = "jsii._kernel.providers.process"


def install(warn: Callable[[str], None]) -> None:
    """Change jsii's module once it is imported, whenever that is. If it was already, node has started: no gain left."""
    if MODULE not in sys.modules:
        sys.meta_path.insert(0, _Finder(warn))


class _Finder:
    """Finds that one module, once, and has it changed after it ran."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.warn = warn

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin:
            spec.loader = _Loader(fullname, spec.origin, self.warn)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, warn: Callable[[str], None]) -> None:
        super().__init__(fullname, path)
        self.warn = warn

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        try:
            module._NodeProcess = _pipelined(module)  # type: ignore[attr-defined]
        except (AttributeError, TypeError) as error:
            self.warn(f"{self.path}: {error}")


def _pipelined(jsii: Any) -> type:  # noqa: ANN401  (private parts of a package without types)
    stock = jsii._NodeProcess
    for name in ("handshake", "send", "_next_message"):
        getattr(stock, name)
    blank = {"assembly": "", "types": 0}
    jsii.LoadResponse(**blank)  # Nobody reads it: it only says that there was no error.

    class Pipelined(stock):  # type: ignore[misc, valid-type]
        """Owes its reader the answers to requests that it didn't wait for."""

        _greeted = False
        _loading = False
        _owed = 0

        def handshake(self) -> None:
            """Is done with the first answer."""

        def send(self, request: Any, response_type: Any) -> Any:  # noqa: ANN401
            self._loading = isinstance(request, jsii.LoadRequest)
            return super().send(request, response_type)

        def _next_message(self) -> Any:  # noqa: ANN401
            if self._loading:
                self._owed += 1
                return {"ok": blank}
            if not self._greeted:
                self._greeted, owed, self._owed = True, self._owed, 0
                super().handshake()
                self._owed = owed
            while self._owed:
                message = super()._next_message()
                if "error" in message:
                    return message  # In place of the answer that was asked for, which is owed now.
                self._owed -= 1
            return super()._next_message()

    return Pipelined
