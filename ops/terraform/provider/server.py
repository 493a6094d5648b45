"""A provider for Terraform that answers with a trimmed schema, and passes other calls on to the provider.

Terraform opens a connection for each of its provider instances: one for each provider block of a stack, in each of its
steps. Each connection has a server of its own, and a provider process of its own as soon as it is configured, as
without this server. A process has one configuration, so two blocks that share one read the wrong region.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import grpc

from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER
from ops.terraform.provider.process import REATTACH, address, folder_of_sockets
from ops.terraform.provider.schema import trimmed

_PROTOCOL = 5
_SERVICE = f"/tfplugin{_PROTOCOL}.Provider/"
_SCHEMA = f"{_SERVICE}GetSchema"
_LASTING = frozenset({"/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream"})
"""Streams of go-plugin, open as long as its client: https://github.com/hashicorp/go-plugin/tree/main/internal/plugin."""
_VALIDATIONS = frozenset(
    f"{_SERVICE}{name}"
    for name in (
        "PrepareProviderConfig",
        "ValidateResourceTypeConfig",
        "ValidateDataSourceConfig",
        "ValidateEphemeralResourceConfig",
    )
)
"""Calls that Terraform also makes without configuring a provider. They leave nothing in it.

https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto
"""
_STREAMS = frozenset({f"{_SERVICE}ListResource", f"{_SERVICE}InvokeAction"})
"""Calls with several answers, in later versions of the protocol; none of our stacks needs one."""
_SHUTDOWN = "/plugin.GRPCController/Shutdown"
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS = 64
"""Of a connection, at most: Terraform makes ten calls at once, and holds two streams open."""
_PIECE = 65536

Raw = Iterator[bytes]
Start = Callable[[], AbstractContextManager[str]]
"""Starts a provider; the value is its address."""


def whole_schema(address: str) -> bytes:
    """The schema of a running provider, as it sends it.

    Raises:
        OpsError: The provider doesn't send it.
    """
    with grpc.insecure_channel(address, options=_UNLIMITED) as channel:
        ask: Any = channel.unary_unary(_SCHEMA)
        try:
            answer: bytes = ask(b"")
        except grpc.RpcError as error:
            raise OpsError(f"the provider doesn't send its schema: {error.details()}") from None
        return answer


@contextmanager
def attached(schema: bytes, types: Collection[str], start: Start | None = None) -> Iterator[dict[str, str]]:
    """Serve one run of Terraform, and stop at the end; the value is its variables.

    Args:
        schema: The provider's whole schema.
        types: The types that the stack uses.
        start: Starts a provider for a connection; without it, only the schema can be asked for, as `show` does.

    Raises:
        ValueError: The schema lacks a type.
        OSError: There is no socket.
    """
    own = trimmed(schema, types)
    with folder_of_sockets("schema-") as folder:  # Only the owner may enter it, and so connect.
        entrance = folder / "all"
        processes = _Processes(start)

        def serve(client: socket.socket, number: int) -> None:
            _serve(client, folder / str(number), own, processes)

        with _listening(entrance, serve), processes:  # The processes end first: a call may wait for one.
            # `Test`: Terraform doesn't end this process when it is done.
            found = {
                "Protocol": "grpc",
                "ProtocolVersion": _PROTOCOL,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": {"Network": "unix", "String": str(entrance)},
            }
            yield {REATTACH: json.dumps({PROVIDER: found})}


@contextmanager
def _listening(entrance: Path, serve: Callable[[socket.socket, int], None]) -> Iterator[None]:
    """Serve each connection in a thread of its own, with its number; at the end, close them all."""
    clients: list[socket.socket] = []
    threads: list[Thread] = []
    ended = False

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            if ended:
                client.close()
                return
            clients.append(client)
            threads.append(Thread(target=serve, args=(client, len(clients)), daemon=True))
            threads[-1].start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(entrance))
        listener.listen()
        accepting = Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield
        finally:
            ended = True
            with socket.socket(socket.AF_UNIX) as last:  # Only a connection wakes `accept` on every system.
                last.connect(str(entrance))
            accepting.join()
            for client in clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def _serve(client: socket.socket, path: Path, schema: bytes, processes: _Processes) -> None:
    """Serve one connection until it ends."""
    with client, suppress(OSError):
        if not client.recv(1, socket.MSG_PEEK):
            return  # go-plugin looks whether something listens before it connects.
        with _server(path, schema, processes), socket.socket(socket.AF_UNIX) as server:
            server.connect(str(path))
            back = Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy what a socket receives to another one, until it ends."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def _server(path: Path, schema: bytes, processes: _Processes) -> Iterator[None]:
    with ThreadPoolExecutor(_THREADS) as threads:
        server = grpc.server(threads, handlers=[_Provider(schema, processes)], options=_UNLIMITED)
        server.add_insecure_port(address(path))
        server.start()
        try:
            yield
        finally:
            server.stop(grace=None).wait()


class _Processes:
    """The provider processes of one run of Terraform: each has the configuration of one connection, or none yet."""

    def __init__(self, start: Start | None) -> None:
        self._start = start
        self._lock = Lock()
        self._kept = ExitStack()
        self._unconfigured: grpc.Channel | None = None

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._start = None
            self._kept.close()

    def unconfigured(self, *, take: bool) -> grpc.Channel:
        """A channel to a process without a configuration, which no other connection gets any more if it is taken.

        Raises:
            OpsError: There is none, or it doesn't start.
        """
        with self._lock:
            found = self._unconfigured or self._started()
            self._unconfigured = None if take else found
            return found

    def _started(self) -> grpc.Channel:
        if self._start is None:
            raise OpsError("this server knows the provider's schema only")
        address = self._kept.enter_context(self._start())
        return self._kept.enter_context(grpc.insecure_channel(address, options=_UNLIMITED))


class _Provider(grpc.GenericRpcHandler):
    """All calls of a connection."""

    def __init__(self, schema: bytes, processes: _Processes) -> None:
        self._schema, self._processes = schema, processes
        self._lock = Lock()
        self._own: grpc.Channel | None = None

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """What answers a call; messages stay as they are, so no types are needed."""
        if call.method in _STREAMS:
            return None
        if call.method in _LASTING:
            return grpc.stream_stream_rpc_method_handler(lambda messages, _: _silent(messages))
        return grpc.unary_unary_rpc_method_handler(self._handler(call.method))

    def _handler(self, method: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        if method == _SCHEMA:
            return lambda *_: self._schema
        if method == _SHUTDOWN:
            return lambda *_: b""
        return lambda message, context: self._passed_on(method, message, context)

    def _passed_on(self, method: str, message: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            pass_on: Any = self._channel(method).unary_unary(method)
            answer: bytes = pass_on(message)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        except (OpsError, OSError, ValueError) as error:  # ValueError: Terraform was killed, and the channel is closed.
            context.abort(grpc.StatusCode.UNAVAILABLE, f"{method}: {error}")
        return answer

    def _channel(self, method: str) -> grpc.Channel:
        """A channel to this connection's process, or for a validation to any that has no configuration yet."""
        with self._lock:
            if self._own is None:
                if method in _VALIDATIONS:
                    return self._processes.unconfigured(take=False)
                self._own = self._processes.unconfigured(take=True)
            return self._own


def _silent(messages: Raw) -> Raw:
    """Nothing, until the client closes."""
    for _ in messages:
        pass
    yield from ()
