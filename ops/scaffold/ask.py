"""Asks on the terminal for what a new product needs and no option has given."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

import typer

from ops.command import say
from ops.scaffold import answers as parse
from ops.scaffold.answers import QUESTIONS, Answers, problem
from ops.scaffold.errors import ScaffoldError

T = TypeVar("T")


class _Part(NamedTuple):
    """One key of an option such as --service."""

    key: str
    text: str
    default: str | None = None
    """None if there must be an answer; an empty one leaves the key out."""


_SERVICE = (
    _Part("name", "Name", "web"),
    _Part("port", "Port that the container listens on", "8080"),
    _Part("paths", "Paths, separated by commas; /* is everything else", "/*"),
    _Part("health", "Path that returns 200 while it runs", "/"),
    _Part("size", "Size: small, medium, large, or CPU/MEMORY", "small"),
    _Part("internet", "Does it call the internet: yes or no", "no"),
    _Part("repository", "Image repository in ECR (empty: the product's and the service's name)", ""),
)
_WORKER = (
    _Part("name", "Name", "worker"),
    _Part("command", "Command"),
    _Part("size", "Size: small, medium, large, or CPU/MEMORY", "small"),
    _Part("internet", "Does it call the internet: yes or no", "no"),
    _Part("repository", "Image repository in ECR (empty: the first service's)", ""),
)
_SCHEDULE = (
    _Part("name", "Name"),
    _Part("when", "When, in UTC", "rate(1 day)"),
    _Part("command", "Command"),
)
_ZONE = (
    _Part("kind", "Hosted zone of the public name: created, existing or other_account", "created"),
    _Part("name", "Name of the zone (empty: from the public name)", ""),
    _Part("id", "Id of the zone (empty if it is created)", ""),
    _Part("role", "Role that may write its records (empty unless it is in another account)", ""),
)


def complete(answers: Answers, *, given: frozenset[str]) -> Answers:
    """The answers, completed by what you type.

    Args:
        answers: What the options have given.
        given: Names of these options, such as `--service`.
    """
    say(f"A new product, {answers.name}. Enter takes what is in brackets; Ctrl-C writes nothing.")
    if "--service" not in given:
        say("Its first service:")
        services = [_group("service", _SERVICE, parse.service), *_more("service", _SERVICE, parse.service)]
        answers = replace(answers, services=tuple(services))
    if "--worker" not in given:
        answers = replace(answers, workers=tuple(_more("worker", _WORKER, parse.worker)))
    if "--schedule" not in given:
        answers = replace(answers, schedules=tuple(_more("schedule", _SCHEDULE, parse.schedule)))
    stores = list(answers.stores)
    for store in parse.STORES:
        if f"--{store}" not in given and typer.confirm(f"A {store}?", err=True):
            stores.append(store)
    answers = replace(answers, stores=tuple(stores))
    for question in QUESTIONS:
        if question.option not in given:
            text = _one(question.text, question.default.format(name=answers.name), question.type)
            answers = parse.with_value(answers, question.option, text)
        if question.option == "--host" and "--zone" not in given:
            answers = replace(answers, zone=_group("zone", _ZONE, parse.zone))
    return answers


def _more(option: str, parts: tuple[_Part, ...], read: Callable[[str], T]) -> Iterator[T]:
    """Further values of an option, as many as you want."""
    another = "Another service?" if option == "service" else f"A {option}?"
    while typer.confirm(another, err=True):
        yield _group(option, parts, read)
        another = f"Another {option}?"


def _group(option: str, parts: tuple[_Part, ...], read: Callable[[str], T]) -> T:
    """Ask for each key of an option; again, if the values don't fit."""
    while True:
        typed: dict[str, str] = {}
        for part in parts:
            if option == "zone" and part.key != "kind" and typed["kind"] == "created":
                continue
            if option == "zone" and part.key == "role" and typed["kind"] != "other_account":
                continue
            value = typer.prompt(f"  {part.text}", default=part.default, show_default=bool(part.default), err=True)
            typed[part.key] = str(value).strip()
        text = " ".join(f"{key}={shlex.quote(value)}" for key, value in typed.items() if value)
        try:
            return read(text)
        except ScaffoldError as error:
            say(f"  {error}")


def _one(text: str, default: str, type_: object) -> str:
    shown = text if default else f"{text} (empty: a placeholder)"
    while True:
        typed = str(typer.prompt(shown, default=default, show_default=bool(default), err=True)).strip()
        wrong = problem(type_, typed) if typed else None
        if wrong is None:
            return typed
        say(f"  {typed!r}: {wrong}")
