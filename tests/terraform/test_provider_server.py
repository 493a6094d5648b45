"""Which provider process answers a call of Terraform."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn

import grpc
import pytest

from ops.gate.lock_file import PROVIDER
from ops.terraform.provider.process import REATTACH, address, folder_of_sockets
from ops.terraform.provider.server import _Processes, _Provider, attached

SERVICE = "/tfplugin5.Provider/"
SCHEMA = b""
"""Of a provider without types."""
PATIENCE = 10
"""Seconds."""


class Provider(grpc.GenericRpcHandler):
    """Answers each call with its number, but for one that waits until it ends."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.waits = Event()
        self.ended = Event()
        self.ended_first = False

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_unary_rpc_method_handler(lambda *_: self._answer(call.method))

    def _answer(self, method: str) -> bytes:
        if method.endswith("ApplyResourceChange"):
            self.waits.set()
            self.ended_first = self.ended.wait(PATIENCE)
        return str(self.number).encode()


class Providers:
    """Starts providers, and knows which run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running, self.numbers = folder, list[Provider](), count(1)

    @contextmanager
    def start(self) -> Iterator[str]:
        provider = Provider(next(self.numbers))
        address = f"unix:{self.folder}/{provider.number}"
        with ThreadPoolExecutor(4) as threads:
            server = grpc.server(threads, handlers=[provider])
            server.add_insecure_port(address)
            server.start()
            self.running.append(provider)
            yield address
            provider.ended.set()
            server.stop(None).wait()
            self.running.remove(provider)


@pytest.fixture
def providers(tmp_path_factory: pytest.TempPathFactory) -> Providers:
    return Providers(tmp_path_factory.mktemp("p"))


@contextmanager
def connection(variables: Mapping[str, str]) -> Iterator[Callable[[str], bytes]]:
    """A connection as Terraform opens it for one of its provider instances."""
    path = json.loads(variables[REATTACH])[PROVIDER]["Addr"]["String"]
    options = [("grpc.use_local_subchannel_pool", 1)]  # Else two channels to one address share a connection.
    with grpc.insecure_channel(address(path), options=options) as channel:

        def call(method: str) -> bytes:
            ask: Any = channel.unary_unary(f"{SERVICE}{method}")
            answer: bytes = ask(b"", timeout=PATIENCE)
            return answer

        yield call


def test_the_schema_needs_no_process_and_two_configurations_have_two(providers: Providers) -> None:
    with (
        attached(SCHEMA, (), providers.start) as variables,
        connection(variables) as one,
        connection(variables) as other,
    ):
        assert (one("GetSchema"), other("GetSchema"), providers.running) == (SCHEMA, SCHEMA, [])
        validations = [
            each(f"Validate{kind}Config") for kind in ("ResourceType", "DataSource") for each in (one, other)
        ]
        assert validations == [b"1"] * 4, "a process without a configuration serves all"
        assert (one("Configure"), other("PrepareProviderConfig"), other("Configure")) == (b"1", b"2", b"2")
        for _ in range(2):
            for method in ("ReadDataSource", "ValidateDataSourceConfig", "PlanResourceChange"):
                assert (one(method), other(method)) == (b"1", b"2"), method
    assert providers.running == []


def test_any_call_but_a_validation_makes_a_process_ones_own(providers: Providers) -> None:
    with (
        attached(SCHEMA, (), providers.start) as variables,
        connection(variables) as one,
        connection(variables) as other,
    ):
        assert (one("ReadResource"), other("ReadResource")) == (b"1", b"2")


def test_without_a_start_only_the_schema_is_answered() -> None:
    with attached(SCHEMA, ()) as variables, connection(variables) as call:
        assert call("GetSchema") == SCHEMA
        with pytest.raises(grpc.RpcError, match="knows the provider's schema only"):
            call("Configure")


@pytest.mark.parametrize("method", ["ListResource", "InvokeAction"])
def test_a_stream_of_answers_is_refused_and_not_cut_off(method: str, providers: Providers) -> None:
    started = attached(SCHEMA, (), providers.start)
    with started as variables, connection(variables) as call, pytest.raises(grpc.RpcError) as refused:
        call(method)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_it_ends_while_a_provider_still_answers_as_after_a_kill(providers: Providers) -> None:
    with ThreadPoolExecutor(1) as thread, attached(SCHEMA, (), providers.start) as variables:
        with connection(variables) as call:
            call("Configure")
            (provider,) = providers.running
            pending = thread.submit(call, "ApplyResourceChange")
            assert provider.waits.wait(PATIENCE)
        assert pending.exception()
    assert provider.ended_first


@pytest.mark.parametrize("folder", ["a%20b", "a#b", "a?b=c d", "ü"])
def test_a_temporary_folder_may_have_any_name(
    folder: str, providers: Providers, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    usual = tmp_path_factory.mktemp("t") / folder
    usual.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(usual))
    with attached(SCHEMA, (), providers.start) as variables, connection(variables) as call:
        assert (call("GetSchema"), call("Configure")) == (SCHEMA, b"1")
    assert list(usual.iterdir()) == []


@pytest.mark.parametrize("length", [40, 70, 80, 250])
def test_sockets_fit_into_any_temporary_folder(length: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = tmp_path / ("x" * max(1, length - len(str(tmp_path)) - 1))
    usual.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(usual))
    with folder_of_sockets("provider-") as folder:
        listener = socket.socket(socket.AF_UNIX)
        with listener:  # As the provider names it: https://pkg.go.dev/os#CreateTemp
            listener.bind(str(folder / f"plugin{2**32 - 1}"))
    assert not folder.exists()


def test_a_call_after_the_end_is_an_error_of_the_call(providers: Providers) -> None:
    def abort(code: grpc.StatusCode, details: str) -> NoReturn:
        raise grpc.RpcError(f"{code}: {details}")

    context: Any = SimpleNamespace(abort=abort)
    with _Processes(providers.start) as processes:
        answer = _Provider(SCHEMA, processes)._handler(f"{SERVICE}ReadResource")
        assert answer(b"", context) == b"1"
    with pytest.raises(grpc.RpcError, match=r"UNAVAILABLE: .*ReadResource: "):
        answer(b"", context)
