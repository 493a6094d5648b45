"""Where a new value may come from, and the change that is made of it; nothing is typed or sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from environments import load
from environments.schema import Secret
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.errors import OpsError, RefusedError
from ops.secrets import values, writing
from ops.secrets.change import Change, prepare, writable
from ops.secrets.values import Source
from ops.terminal import LONGEST, NoAnswerError

PROD = load("prod")
KEY, GENERATED, URL = (
    next(each for each in PROD.product.secrets if each.generated == kind and each.written_by != "terraform")
    for kind in (None, "key", "cache_url")
)


class Input(io.BytesIO):
    """Standard input, which may be a terminal."""

    def __init__(self, content: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(content)
        self.buffer, self.terminal = self, terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Sets what is typed at each question; an error is raised instead. Returns the questions."""

    def types(*answers: str | NoAnswerError) -> list[str]:
        asked: list[str] = []
        left = list(answers)

        def ask(question: str) -> str:
            asked.append(question)
            answer = left.pop(0)
            if isinstance(answer, NoAnswerError):
                raise answer
            return answer

        monkeypatch.setattr(values, "ask_hidden", ask)
        monkeypatch.setattr("sys.stdin", Input(terminal=True))
        return asked

    return types


def test_a_value_is_typed_twice(typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    asked = typed("sk-é", "sk-é")
    Source().check(KEY)
    assert Source().value(KEY).get_secret_value() == "sk-é"
    assert asked == [f"Value of {KEY.name}: ", "Again: "]
    assert capsys.readouterr().err == f"the value of {KEY.name} has 5 bytes\n"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("one", "two"), "the two values differ; nothing was changed"),
        ((NoAnswerError("gone"),), f"{KEY.name} has no new value: gone; a long value can be passed with --stdin"),
        (("one", NoAnswerError("gone")), f"{KEY.name} has no new value: gone; "),
    ],
)
def test_what_is_not_typed_twice_alike_is_no_value(
    typed: Callable[..., list[str]], answers: tuple[Any, ...], said: str
) -> None:
    typed(*answers)
    with pytest.raises(OpsError) as raised:
        Source().value(KEY)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("source", "secret", "terminal", "said"),
    [
        (Source(), KEY, True, ""),
        (Source(), KEY, False, "no terminal to type the value of"),
        (Source(stdin=True), KEY, False, ""),
        (Source(stdin=True), KEY, True, "--stdin reads a pipe or a file, and would show what you type"),
        (Source(descriptor=0), KEY, False, ""),
        (Source(descriptor=0), KEY, True, ""),
        (Source(stdin=True, descriptor=0), KEY, False, "pass only one of"),
        (Source(descriptor=0, generate=True), GENERATED, False, "pass only one of"),
        (Source(generate=True), KEY, False, "can't be generated"),
        (Source(generate=True), GENERATED, False, ""),
        (Source(), GENERATED, False, "no terminal to type the value of"),
        (Source(), URL, False, ""),
        (Source(generate=True), URL, False, ""),
        (Source(stdin=True), URL, False, "comes with a new password of the cache's user; pass --generate"),
        (Source(descriptor=0), URL, False, "comes with a new password of the cache's user; pass --generate"),
    ],
)
def test_each_secret_has_its_sources(
    monkeypatch: pytest.MonkeyPatch, source: Source, secret: Secret, terminal: bool, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", Input(terminal=terminal))
    if not said:
        source.check(secret)
        assert writable(PROD, secret.name, source) is secret
        return
    with pytest.raises(OpsError, match=said):
        source.check(secret)
    with pytest.raises(OpsError, match=said):
        writable(PROD, secret.name, source)


def test_only_a_typed_value_is_asked_for() -> None:
    sources = (Source(), Source(stdin=True), Source(descriptor=0), Source(descriptor=3), Source(generate=True))
    assert [source.asks for source in sources] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"sk", "sk"),
        (b"sk\n", "sk"),
        (b"sk\r\n", "sk"),
        (b"sk\n\n", "sk\n"),
        (b"sk\r\r\n", "sk\r"),
        (b"\nsk", "\nsk"),
        (b"x" * LONGEST, "x" * LONGEST),
        (b"x" * LONGEST + b"\n", "x" * LONGEST),
    ],
    ids=lambda each: repr(each)[:20],
)
def test_one_line_end_is_removed_and_nothing_else(monkeypatch: pytest.MonkeyPatch, raw: bytes, value: str) -> None:
    monkeypatch.setattr("sys.stdin", Input(raw))
    assert Source(stdin=True).value(KEY).get_secret_value() == value


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        ("\ufeff\n".encode(), "is empty"),
        (b"a\0b", "has a NUL character"),
        (b"x" * (LONGEST + 1), "has 65,537 bytes; Secrets Manager's limit is 65,536"),
        (b"\xff", "isn't UTF-8 text"),
    ],
    ids=lambda each: repr(each)[:20],
)
def test_what_is_no_value_is_refused(monkeypatch: pytest.MonkeyPatch, raw: bytes, said: str) -> None:
    monkeypatch.setattr("sys.stdin", Input(raw))
    with pytest.raises(OpsError, match=said) as raised:
        Source(stdin=True).value(KEY)
    assert raised.value.__context__ is None, "the error of decoding holds the value"


class Manager:
    """Secrets Manager and ElastiCache, which note what they are asked to write."""

    def __init__(self, *states: str, versions: dict[str, list[str]] | None = None) -> None:
        self.states = list(states)
        self.versions = versions or {}
        self.written: list[dict[str, Any]] = []

    def client(self, service: str) -> Manager:
        assert service in {"secretsmanager", "elasticache"}
        return self

    @property
    def as_aws(self) -> Aws:
        return cast("Aws", self)

    caller = SimpleNamespace(account="111122223333")

    def describe_secret(self, **_: Any) -> Any:
        return {"VersionIdsToStages": self.versions}

    def put_secret_value(self, **given: Any) -> Any:
        self.written.append({"call": "put", **given})
        return {"VersionId": "new"}

    def describe_replication_groups(self, *, ReplicationGroupId: str) -> Any:  # noqa: N803  (AWS's names)
        assert ReplicationGroupId == "aep-prod"
        endpoint = {"Address": "cache.example.com", "Port": 6380}
        return {"ReplicationGroups": [{"NodeGroups": [{"PrimaryEndpoint": endpoint}]}]}

    def modify_user(self, **given: Any) -> None:
        self.written.append({"call": "modify", **given})

    def describe_users(self, *, UserId: str) -> Any:  # noqa: N803
        assert UserId == "aep-prod-app"
        return {"Users": [{"Status": self.states.pop(0)}]}

    def update_secret_version_stage(self, **given: Any) -> None:
        self.written.append({"call": "move", **given})


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("ops.aws.waiting.PAUSE", 0)
    yield


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("previous", ["", "old"])
def test_the_url_is_pending_until_the_cache_has_its_password(previous: str) -> None:
    manager = Manager("modifying", "active", versions={previous: ["AWSCURRENT"]} if previous else {})
    assert writing.renew_cache_url(manager.as_aws, PROD, URL.name) == "new"
    calls = [each["call"] for each in manager.written]
    assert calls == (["put", "modify", "move"] if previous else ["modify", "put"])
    (put,) = (each for each in manager.written if each["call"] == "put")
    (modify,) = (each for each in manager.written if each["call"] == "modify")
    (password,) = modify["AuthenticationMode"]["Passwords"]
    assert put["SecretString"] == f"rediss://aep-prod-app:{password}@cache.example.com:6380/0"
    assert put.get("VersionStages") == (["AWSPENDING"] if previous else None)
    assert (modify["UserId"], modify["AccessString"], len(password)) == ("aep-prod-app", writing.ACCESS, 64)
    if previous:
        assert manager.written[-1] == {
            **{"call": "move", "SecretId": f"aep/prod/{URL.name}", "VersionStage": "AWSCURRENT"},
            **{"MoveToVersionId": "new", "RemoveFromVersionId": "old"},
        }


def test_a_cache_that_never_gets_ready_is_an_error_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "polls", lambda seconds: iter(range(int(seconds == 600) + 1)))
    manager = Manager("modifying", "modifying", versions={"old": ["AWSCURRENT"]})
    with pytest.raises(AwsError, match="is still being changed after 10 minutes"):
        writing.renew_cache_url(manager.as_aws, PROD, URL.name)
    assert [each["call"] for each in manager.written] == ["put", "modify"]


def test_an_error_has_no_value_and_debug_logs_are_off_meanwhile() -> None:
    import logging  # noqa: PLC0415

    before = logging.root.manager.disable
    with pytest.raises(AwsError, match=r"^can't do: it is …$"), writing.unseen(SecretStr("planted"), "do"):
        assert logging.root.manager.disable >= logging.DEBUG
        raise AwsError("can't do: it is planted")
    assert logging.root.manager.disable == before


@pytest.mark.parametrize(
    ("secret", "source", "dry_run", "given", "asks"),
    [
        (KEY, Source(), False, "the value you provide", True),
        (KEY, Source(), True, "the value you provide", False),
        (GENERATED, Source(generate=True), False, "a generated value", False),
        (URL, Source(), False, "a generated value", False),
    ],
)
def test_a_change_says_what_will_happen_and_writes_that(
    typed: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    secret: Secret,
    source: Source,
    dry_run: bool,
    given: str,
    asks: bool,
) -> None:
    asked, manager = typed("sk", "sk"), Manager()
    monkeypatch.setattr("ops.secrets.change.renew_cache_url", lambda *_: manager.written.append({"call": "renew"}))
    change = Change(manager.as_aws, PROD, replace(secret, caution="careful"), source)
    write = change.ask("then it is read", yes=True, dry_run=dry_run)
    said = capsys.readouterr().err
    first = f"aep/prod/{secret.name} in account 111122223333 will get {given}; then it is read\ncaution: careful\n"
    assert said.startswith(first)
    assert (bool(asked), write is None, manager.written) == (asks, dry_run, [])
    if write:
        write()
        (written,) = manager.written
        assert written["call"] == ("renew" if secret is URL else "put")
        assert secret is URL or written["SecretId"] == f"aep/prod/{secret.name}"


def test_a_protected_environment_asks_and_another_does_not(typed: Callable[..., list[str]]) -> None:
    typed("sk", "sk", "sk", "sk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ops.secrets.change.confirm", confirmed)
        for protected in (True, False):
            change = Change(Manager().as_aws, replace(PROD, protected=protected), KEY, Source())
            if protected:
                with pytest.raises(RefusedError):
                    change.ask("", yes=False, dry_run=False)
            else:
                assert change.ask("", yes=False, dry_run=False)


def confirmed(_: str, *, yes: bool) -> None:
    if not yes:
        raise RefusedError("no")


def test_a_secret_must_exist() -> None:
    class Without(Manager):
        def describe_secret(self, **_: Any) -> Any:
            return {"DeletedDate": "2026"}

    with pytest.raises(OpsError, match=f"aep/prod/{KEY.name} is being deleted; take it back first: aws"):
        prepare(Without().as_aws, PROD, KEY, Source())
    assert prepare(Manager().as_aws, PROD, KEY, Source()).secret is KEY
