"""A provider for Terraform that answers with a trimmed schema, and passes other calls on to a running provider."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from tests.terraform.provider.process import REATTACH, SOURCE
from tests.terraform.provider.schema import trimmed

_PROTOCOL = 5
_SERVICE = f"/tfplugin{_PROTOCOL}.Provider/"
_SCHEMA = f"{_SERVICE}GetSchema"
_LASTING = frozenset({"/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream"})
"""Streams of go-plugin, open as long as its client: https://github.com/hashicorp/go-plugin/tree/main/internal/plugin."""
_SHUTDOWN = "/plugin.GRPCController/Shutdown"
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS = 64
"""Terraform makes ten calls at once, and each of its clients holds two streams open."""

Raw = Iterator[bytes]


def whole_schema(address: str) -> bytes:
    """The schema of a running provider, as it sends it."""
    with grpc.insecure_channel(address, options=_UNLIMITED) as channel:
        ask: Any = channel.unary_unary(_SCHEMA)
        answer: bytes = ask(b"")
        return answer


@contextmanager
def attached(schema: bytes, types: Collection[str], provider: str | None = None) -> Iterator[dict[str, str]]:
    """Serve one run of Terraform, and stop at the end; the value is its variables.

    Args:
        schema: The provider's whole schema.
        types: The types that the stack uses.
        provider: Address of a running provider; without one, only its schema can be asked for, as `show` does.

    Raises:
        ValueError: The schema lacks a type.
    """
    own = trimmed(schema, types)
    with ThreadPoolExecutor(_THREADS) as threads, _channel(provider) as channel:
        server = grpc.server(threads, handlers=[_Provider(own, channel)], options=_UNLIMITED)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
            # `Test`: Terraform doesn't end this process when it is done.
            found = {
                "Protocol": "grpc",
                "ProtocolVersion": _PROTOCOL,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": address,
            }
            yield {REATTACH: json.dumps({SOURCE: found})}
        finally:
            server.stop(grace=None).wait()


@contextmanager
def _channel(provider: str | None) -> Iterator[grpc.Channel | None]:
    if provider is None:
        yield None
        return
    with grpc.insecure_channel(provider, options=_UNLIMITED) as channel:
        yield channel


class _Provider(grpc.GenericRpcHandler):
    """All calls of Terraform."""

    def __init__(self, schema: bytes, channel: grpc.Channel | None) -> None:
        self._schema, self._channel = schema, channel

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """What answers a call; messages stay as they are, so no types are needed."""
        return grpc.stream_stream_rpc_method_handler(self._handler(call.method))

    def _handler(self, method: str) -> Callable[[Raw, grpc.ServicerContext], Raw]:
        if method == _SCHEMA:
            return lambda messages, _: _answered(messages, self._schema)
        if method == _SHUTDOWN:
            return lambda messages, _: _answered(messages, b"")
        if method in _LASTING:
            return lambda messages, _: _silent(messages)
        return lambda messages, context: self._passed_on(method, messages, context)

    def _passed_on(self, method: str, messages: Raw, context: grpc.ServicerContext) -> Raw:
        if self._channel is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{method}: this server knows the provider's schema only")
            return
        try:
            pass_on: Any = self._channel.stream_stream(method)
            yield from pass_on(messages)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")


def _answered(messages: Raw, answer: bytes) -> Raw:
    for _ in messages:
        pass
    yield answer


def _silent(messages: Raw) -> Raw:
    """Nothing, until the client closes."""
    for _ in messages:
        pass
    yield from ()
