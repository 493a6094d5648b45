"""Runs `plan` and `show` with the provider's cached schema, where the setting allows it, or else as Terraform does.

The slow way is the reference: it decides about every error, and an apply always uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from ops.command import say
from ops.errors import OpsError
from ops.terraform.process import LOCK_TIMEOUT, Done, Listener, Terraform
from ops.terraform.provider.setting import SETTING, CachedSchema

if TYPE_CHECKING:
    from ops.terraform.session import Session
    from ops.terraform.stack import Stack

NO_CHANGES, FAILED, CHANGES = 0, 1, 2
"""Exit codes of `terraform plan -detailed-exitcode`; those of `show` are the first two."""
_OWN_FORM = "tfplan"
"""The part of a saved plan that isn't text."""
_shown: set[str] = set()
"""Warnings that this process has shown: each is shown once."""


def plan(session: Session, stack: Stack, *flags: str, listener: Listener | None = None) -> Done:
    """Run `terraform plan` in an initialized stack."""
    arguments = ("plan", "-json", "-input=false", "-detailed-exitcode", LOCK_TIMEOUT, *flags)
    texts = partial(_planned_from, session, stack)
    return _run(session, stack, CachedSchema.PLAN, arguments, texts=texts, listener=listener or (lambda _: None))


def show(session: Session, stack: Stack, saved: Path) -> str:
    """The JSON of a saved plan of a stack.

    Raises:
        OpsError: Terraform can't read it.
    """
    name = saved.relative_to(stack.folder) if saved.is_relative_to(stack.folder) else saved
    arguments = ("show", "-json", "-no-color", str(name))
    done = _run(session, stack, CachedSchema.SHOW, arguments, texts=partial(_inside, saved))
    if done.code:
        raise OpsError(f"Terraform can't read the plan that it saved: {' '.join(done.errors)}")
    return done.output


def _run(
    session: Session,
    stack: Stack,
    level: CachedSchema,
    arguments: tuple[str, ...],
    *,
    texts: Callable[[], Iterable[bytes]],
    listener: Listener | None = None,
) -> Done:
    """Run a command with the cached schema, or else without it.

    Args:
        session: The session.
        stack: The stack.
        level: What the setting must allow.
        arguments: The command and its flags.
        texts: All that may name a type of the provider.
        listener: Called with each event.
    """
    why = ""
    with ExitStack() as kept:
        if session.cached_schema in {level, CachedSchema.PLAN}:
            try:
                more = kept.enter_context(attaching(session.terraform, stack, level, texts()))
            except (OpsError, OSError, ValueError, BadZipFile) as error:
                why = str(error)
            else:
                fast = replace(session.terraform, variables={**session.terraform.variables, **more})
                done = fast.run(stack.folder, *arguments, listener=listener)
                if done.code in {NO_CHANGES, CHANGES} or done.killed or session.terraform.interrupted.is_set():
                    return done
                why = " ".join(" ".join(done.errors).split())
    done = session.terraform.run(stack.folder, *arguments, listener=listener)
    if why and done.code in {NO_CHANGES, CHANGES}:
        _warn(f"{SETTING}: terraform {arguments[0]} ran without it: {why}")
    return done


@contextmanager
def attaching(
    terraform: Terraform, stack: Stack, level: CachedSchema, texts: Iterable[bytes]
) -> Iterator[Mapping[str, str]]:
    """The variables that lead a run of Terraform to the cached schema.

    Raises:
        OpsError: A package is missing, or the provider can't be used.
        OSError: A file can't be read or written.
        ValueError: The schema isn't one.
    """
    try:  # These import gRPC, which is optional.
        from ops.terraform.provider.package import installed  # noqa: PLC0415
        from ops.terraform.provider.process import running  # noqa: PLC0415
        from ops.terraform.provider.schema import used  # noqa: PLC0415
        from ops.terraform.provider.server import attached  # noqa: PLC0415
    except ImportError as error:
        raise OpsError(f"{error} (in {sys.prefix}); make setup-cached-schema installs grpcio") from None
    package, own = installed(stack.folder), terraform.environment()
    schema = package.schema(terraform.variables)
    start = (lambda: running(package.program, own, stack.folder)) if level is CachedSchema.PLAN else None
    with attached(schema, used(schema, texts), start) as variables:
        yield variables


def _planned_from(session: Session, stack: Stack) -> Iterator[bytes]:
    """The configuration, and the addresses in the state."""
    for name in stack.files:
        yield (stack.folder / name).read_bytes()
    if state := session.states.get(stack.phase.name):
        yield "\n".join(state.addresses).encode()


def _inside(saved: Path) -> Iterator[bytes]:
    """The configuration and the states in a saved plan."""
    with ZipFile(saved) as parts:
        for name in parts.namelist():
            if name != _OWN_FORM:
                yield parts.read(name)


def _warn(text: str) -> None:
    if text not in _shown:
        _shown.add(text)
        say(text)
