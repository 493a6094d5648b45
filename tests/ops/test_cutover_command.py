"""The commands themselves, against emulated AWS."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from botocore.exceptions import ClientError

from environments import load
from environments.names import Names
from modules.interrupts import SIGNALS
from ops.aws.session import connect
from ops.aws.state_lock import StateLock
from ops.conditions import ConditionResult, Status
from ops.conditions import run as check
from ops.golive.items import conditions, rollback_was_tested
from ops.journal import Journal, read, rollbacks
from ops.verify.context import Context
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment
from tests.ops.cli import run
from tests.ops.cutover_context import RolledOut

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUICKLY = ("--yes", "--watch=1")
NOWHERE = "https://127.0.0.1:9"
"""An endpoint that nothing serves. With `http`, calls would go to the emulator: it is the proxy of other addresses."""


@pytest.fixture(scope="module")
def rolled_out(emulator: Emulator) -> Iterator[RolledOut]:
    """Production, rolled out once for all tests here: that takes longer than any of them."""
    prod = load("prod")
    control = Control(emulator.endpoint, prod.account_id, prod.region)
    control.reset()
    wanted = environment(emulator.endpoint, prod.account_id, role=Names(prod).role("break-glass"))
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(wanted):
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        yield RolledOut(connect(prod), control, prod)


@pytest.fixture
def site(rolled_out: RolledOut, scratch: Path) -> RolledOut:
    """As it is right after the rollout: all traffic goes elsewhere, no alarm is on, and nothing was ever moved."""
    assert not list(scratch.iterdir())
    rolled_out.share_out(0)
    rolled_out.set_alarm("OK")
    rolled_out.unlock()
    rolled_out.forget()
    rolled_out.measure()
    return rolled_out


def lock(site: RolledOut) -> StateLock:
    return StateLock(site.aws, site.names, "cutover")


@contextmanager
def meanwhile(site: RolledOut, work: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as the first step is written."""

    def wait() -> None:
        for _ in range(2400):  # Two minutes: on a busy machine, what comes before the step takes longer than the step.
            if site.weights()["current"] == 10:
                work()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


class Resolver:
    """Answers for one name with a TTL, on 127.0.0.1."""

    def __init__(self, host: str) -> None:
        self.host, self.ttl = host, 3600
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def option(self) -> str:
        return f"--resolver=127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, sender = self._socket.recvfrom(4096)
            if not query:
                return
            answer = dns.message.make_response(dns.message.from_wire(query))
            answer.answer.append(dns.rrset.from_text(f"{self.host}.", self.ttl, "IN", "CNAME", "old.example.com."))
            self._socket.sendto(answer.to_wire(), sender)


@pytest.fixture
def resolver(site: RolledOut) -> Iterator[Resolver]:
    resolver = Resolver(site.environment.edge.host)
    yield resolver
    resolver.close()


@pytest.mark.requirement("R10.4")
def test_traffic_moves_and_the_line_to_change_is_named(site: RolledOut) -> None:
    done = run("cutover", "run", "prod", *QUICKLY, "--json")
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 100, "previous": 0}
    answer = json.loads(done.stdout)
    assert (answer["outcome"], answer["weight"]) == ("done", 100)
    file, line, value = answer["values"].split(":", 2)
    assert "weight=0" in (ROOT / file).read_text().splitlines()[int(line) - 1]
    assert value == " weight=100"
    status = run("cutover", "status", "prod", "--json")
    assert status.exit_code == 1
    assert json.loads(status.stdout)["open"] == [f"the values say weight 0; write {answer['values']}"]


@pytest.mark.requirement("R10.4")
def test_an_alarm_takes_traffic_back(site: RolledOut) -> None:
    with meanwhile(site, lambda: site.set_alarm("ALARM")):
        done = run("cutover", "run", "prod", "--yes", "--watch=10")
    assert done.exit_code == 1, done.output
    assert "alarm aep-prod-backend-latency is on" in done.stderr
    assert site.weights() == {"current": 0, "previous": 100}
    assert read("aep-prod")[-1].outcome == "back"


def test_an_alarm_that_is_on_lets_nothing_begin(site: RolledOut) -> None:
    site.set_alarm("ALARM")
    done = run("cutover", "run", "prod", *QUICKLY)
    assert done.exit_code == 1
    assert "not ready: alarms" in done.stderr
    assert site.weights() == {"current": 0, "previous": 100}
    assert not Path("journal").exists()


def test_a_dry_run_changes_nothing(site: RolledOut) -> None:
    for command in (("cutover", "run"), ("rollback", "dns")):
        assert run(*command, "prod", "--dry-run").exit_code == 0
    assert site.weights() == {"current": 0, "previous": 100}
    assert not Path("journal").exists()


def test_production_is_not_moved_without_a_yes(site: RolledOut) -> None:
    for command in (("cutover", "run"), ("rollback", "dns")):
        assert run(*command, "prod").exit_code == 1
    assert site.weights() == {"current": 0, "previous": 100}


def test_credentials_that_expire_leave_the_step_and_it_is_resumed(site: RolledOut) -> None:
    site.control.fail("cloudwatch", "DescribeAlarms", "ExpiredToken", 1, after=4)
    stopped = run("cutover", "run", "prod", *QUICKLY)
    assert stopped.exit_code == 2, stopped.output
    assert "the credentials have expired" in stopped.stderr
    assert "bin/ops cutover resume prod" in stopped.stderr
    assert site.weights() == {"current": 10, "previous": 90}
    again = run("cutover", "run", "prod", *QUICKLY)
    assert (again.exit_code, "hasn't ended" in again.stderr) == (1, True)
    assert run("cutover", "resume", "prod", *QUICKLY).exit_code == 0
    assert site.weights() == {"current": 100, "previous": 0}


def test_throttled_changes_are_tried_again(site: RolledOut) -> None:
    site.control.fail("route53", "ChangeResourceRecordSets", "Throttling", 1)
    assert run("cutover", "run", "prod", "--to=10", *QUICKLY).exit_code == 0
    assert site.weights() == {"current": 10, "previous": 90}


def test_a_change_that_fails_stops_it_there(site: RolledOut) -> None:
    site.control.fail("route53", "ChangeResourceRecordSets", "AccessDenied", 1, after=1)
    done = run("cutover", "run", "prod", *QUICKLY)
    assert done.exit_code == 2, done.output
    assert site.weights() == {"current": 10, "previous": 90}
    assert [entry.outcome for entry in read("aep-prod") if entry.event == "step"] == [
        "intended", "done", "intended", "failed"
    ]  # fmt: skip


@contextmanager
def cutover(scratch: Path) -> Iterator[subprocess.Popen[str]]:
    """A cutover in a process of its own, which watches each step for a minute."""
    command = [sys.executable, "-m", "ops", "cutover", "run", "prod", "--yes", "--watch=60"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=scratch, env=environ, stderr=subprocess.PIPE, text=True) as process:
        yield process


def hang_up(process: subprocess.Popen[str]) -> None:
    """As a terminal that closes: it takes the output away, and sends SIGHUP more than once."""
    assert process.stderr
    process.stderr.close()
    for _ in range(2):
        process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (lambda process: process.send_signal(signal.SIGINT), 130),
        (lambda process: process.send_signal(signal.SIGTERM), 143),
        (hang_up, 129),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_cutover_that_is_told_to_stop_rolls_back_first(
    site: RolledOut, scratch: Path, stop: Callable[[subprocess.Popen[str]], None], code: int
) -> None:
    with cutover(scratch) as process, meanwhile(site, lambda: stop(process)):
        assert process.wait(timeout=60) == code
    assert site.weights() == {"current": 0, "previous": 100}
    assert [(each.event, each.outcome) for each in read("aep-prod")[-4:]] == [
        ("watch", "interrupted"),
        ("back", "intended"),
        ("back", "done"),
        ("end", "back"),
    ]
    assert lock(site).holder() is None
    status = json.loads(run("cutover", "status", "prod", "--json").stdout)
    assert (status["cutover"], status["open"]) == (None, [])


def test_a_cutover_whose_output_is_gone_rolls_back(site: RolledOut, scratch: Path) -> None:
    """It notices at its next message: that traffic is at 10 %."""
    with cutover(scratch) as process:
        assert process.stderr
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(timeout=60) == 143
    assert site.weights() == {"current": 0, "previous": 100}
    assert lock(site).holder() is None


def test_a_step_stays_if_the_values_say_so(site: RolledOut, monkeypatch: pytest.MonkeyPatch) -> None:
    prod = load("prod")
    stays = replace(prod, cutover=replace(prod.cutover, interrupted="stay"))
    monkeypatch.setattr("ops.cutover.command.load", lambda _: stays)
    with meanwhile(site, lambda: os.kill(os.getpid(), signal.SIGINT)):
        done = run("cutover", "run", "prod", "--yes", "--watch=60")
    assert done.exit_code == 130, done.output
    assert site.weights() == {"current": 10, "previous": 90}
    assert read("aep-prod")[-1].event == "stop"
    assert "bin/ops rollback dns prod" in done.stderr


def test_a_killed_cutover_keeps_its_lock_and_is_resumed(site: RolledOut, scratch: Path) -> None:
    with cutover(scratch) as process, meanwhile(site, process.kill):
        process.wait(timeout=60)
    assert site.weights() == {"current": 10, "previous": 90}
    assert "hasn't ended" in run("cutover", "run", "prod", *QUICKLY).stderr
    assert (holder := lock(site).holder()) and holder.id == read("aep-prod")[0].run
    assert run("cutover", "resume", "prod", *QUICKLY).exit_code == 0
    assert site.weights() == {"current": 100, "previous": 0}
    assert lock(site).holder() is None


def test_another_machine_resumes_a_killed_cutover(
    site: RolledOut, scratch: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cutover(scratch) as process, meanwhile(site, process.kill):
        process.wait(timeout=150)
    assert len(site.journal()) == len(read("aep-prod")), "one object for each entry"
    monkeypatch.chdir(tmp_path_factory.mktemp("another-machine"))
    assert read("aep-prod") == []
    shown = json.loads(run("cutover", "status", "prod", "--json").stdout)
    assert "from 0 to 100 %" in shown["cutover"]
    resumed = run("cutover", "resume", "prod", *QUICKLY)
    assert resumed.exit_code == 0, resumed.output
    assert site.weights() == {"current": 100, "previous": 0}
    monkeypatch.chdir(scratch)
    assert json.loads(run("cutover", "status", "prod", "--json").stdout)["cutover"] is None


@pytest.mark.requirement("R10.5")
def test_rollback_without_the_bucket_is_stored_by_the_next_command(
    site: RolledOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.share_out(50)
    with monkeypatch.context() as without:
        without.setenv("AWS_ENDPOINT_URL_S3", NOWHERE)
        done = run("rollback", "dns", "prod", "--yes")
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 0, "previous": 100}
    assert "only the entries that were written on this machine are known" in done.stderr
    assert site.journal() == []
    assert json.loads(run("cutover", "status", "prod", "--json").stdout)["last rollback of DNS"]
    assert len(site.journal()) == 2


def test_rollback_with_a_broken_journal(site: RolledOut) -> None:
    site.share_out(50)
    for key, body in (("20260101000000-0001-0123456789abcdef", b"{"), ("readme.txt", b"\xff")):
        site.s3.put_object(Bucket=site.names.state_bucket, Key=f"{site.names.journal_prefix}{key}", Body=body)
    done = run("rollback", "dns", "prod", "--yes")
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 0, "previous": 100}
    assert done.stderr.count("ignored what isn't an entry of the journal: s3://") == 2


@pytest.mark.requirement("R12.1")
def test_golive_counts_a_rollback_that_was_made_and_none_that_was_typed(site: RolledOut) -> None:
    def item() -> ConditionResult:
        (condition,) = [each for each in conditions() if each.check is rollback_was_tested]
        (result,) = check([condition], Context(connect(site.environment), site.environment))
        return result

    journal = Journal(
        "aep-prod",
        command="rollback dns",
        caller=site.aws.caller.arn,
        account=site.environment.account_id,
        zone=str(site.zone.id),
        called=site.aws.endpoint(),
    )
    journal.append("back", "done", before=73, after=0)
    typed = item()
    assert typed.status is not Status.PASS
    assert "CloudTrail" in typed.evidence
    site.share_out(50)
    assert run("rollback", "dns", "prod", "--yes").exit_code == 0
    real = item()
    assert real.status is Status.PASS, real.evidence
    assert "50 % to 0 %" in real.evidence


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("weight", [10, 100])
def test_rollback_takes_one_command(site: RolledOut, weight: int) -> None:
    site.share_out(weight)
    done = run("rollback", "dns", "prod", "--yes")
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 0, "previous": 100}
    (rehearsed,) = rollbacks(read("aep-prod"))
    assert (rehearsed.before, rehearsed.account, rehearsed.zone) == (weight, site.environment.account_id, site.zone.id)
    assert rehearsed.endpoint.startswith("http://127.0.0.1:")


SIGNALLED = """
import os, runpy, sys
from botocore.httpsession import URLLib3Session

send, left, number = URLLib3Session.send, [int(sys.argv[1])], int(sys.argv[2])

def counted(self, request):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), number)
    return send(self, request)

URLLib3Session.send = counted
sys.argv[1:] = sys.argv[3:]
runpy.run_module("ops", run_name="__main__")
"""
"""A command that gets a signal at its n-th call of AWS."""


@pytest.mark.requirement("R10.5")
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_call_of_a_rollback_leaves_all_traffic_or_none(
    site: RolledOut, scratch: Path, number: signal.Signals
) -> None:
    """Before the change nothing is changed; from then on, all is done and journalled, and the lock is free."""
    ends = set()
    for call in range(1, 14) if number is signal.SIGTERM else (2, 6, 9):
        site.share_out(10)
        lock(site).take("open", "cutover")
        before = len(read("aep-prod"))
        command = [sys.executable, "-c", SIGNALLED, str(call), str(int(number)), "rollback", "dns", "prod", "--yes"]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=scratch, env=environ, capture_output=True, text=True, check=False)
        outcomes = [entry.outcome for entry in read("aep-prod")][before:]
        if done.returncode == 0:
            assert (site.weights()["current"], outcomes) == (0, ["intended", "done"])
            assert lock(site).holder() is None
        else:
            assert (done.returncode, site.weights()["current"], outcomes) == (128 + number, 10, [])
            assert done.stderr.endswith(f"interrupted by {number.name}\n"), done.stderr
            site.unlock()
        ends.add(done.returncode)
    assert ends == {0, 128 + number}


def test_rollback_asks_for_no_load_balancer_no_alarm_and_no_lock(
    site: RolledOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.share_out(50)
    lock(site).take("other", "cutover")
    for service in ("ELASTIC_LOAD_BALANCING_V2", "CLOUDWATCH"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", NOWHERE)
    assert run("rollback", "dns", "prod", "--yes").exit_code == 0
    assert site.weights() == {"current": 0, "previous": 100}


def test_one_cutover_at_a_time(site: RolledOut) -> None:
    other = lock(site)
    other.take("other", "cutover")
    done = run("cutover", "run", "prod", *QUICKLY)
    assert done.exit_code == 1, done.output
    assert f"{site.aws.caller.arn} holds the lock since 2" in done.stderr
    assert site.weights() == {"current": 0, "previous": 100}
    holder = other.holder()
    assert holder
    other.free(holder)
    assert run("cutover", "run", "prod", "--to=10", *QUICKLY).exit_code == 0
    assert other.holder() is None


def test_terraforms_lock_is_never_freed(site: RolledOut) -> None:
    key = f"{Names(site.environment).state_key('cutover')}.tflock"
    note = json.dumps({"ID": "1", "Operation": "OperationTypeApply", "Who": "me@here", "Created": "now"})
    site.s3.put_object(Bucket=site.names.state_bucket, Key=key, Body=note)
    assert run("rollback", "dns", "prod", "--yes").exit_code == 0
    assert "me@here holds the lock since now (OperationTypeApply, lock id 1)" in run("cutover", "status", "prod").stdout


NO_LOCKS = [b"", b'{"ID": "1", "Operation": "cut', b"[1]", b'"ID"', b"null", b"\xff\xfe", b'{"Operation": "cutover"}']
"""What may be in a lock's object after a write that was cut off, or by another program's hand."""


@pytest.mark.parametrize("body", NO_LOCKS)
def test_a_lock_that_is_no_lock_stops_a_cutover_and_no_rollback(site: RolledOut, body: bytes) -> None:
    key = f"{site.names.state_key('cutover')}.tflock"
    site.share_out(10)
    site.s3.put_object(Bucket=site.names.state_bucket, Key=key, Body=body)
    status = run("cutover", "status", "prod", "--json")
    assert (status.exit_code, status.exception and type(status.exception)) == (1, SystemExit), status.output
    shown = json.loads(status.stdout)
    assert shown["dns"] == "weight 10"
    assert "unreadable lock" in shown["lock"]
    moved = run("cutover", "run", "prod", *QUICKLY)
    assert (moved.exit_code, "unreadable lock" in moved.stderr) == (1, True), moved.output
    assert site.weights() == {"current": 10, "previous": 90}
    done = run("rollback", "dns", "prod", "--yes")
    assert done.exit_code == 0, done.output
    assert "warning: " in done.stderr
    assert site.weights() == {"current": 0, "previous": 100}
    left = site.s3.get_object(Bucket=site.names.state_bucket, Key=key)["Body"].read()
    assert left == body, "what isn't known to be a cutover's is left alone"


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InternalError"])
def test_a_lock_that_aws_does_not_show_hides_nothing_else(site: RolledOut, code: str) -> None:
    site.share_out(10)
    # The state of edge is read first, for the zone; the lock is read second.
    site.control.fail("s3", "GetObject", code, 2)
    status = run("cutover", "status", "prod", "--json")
    shown = json.loads(status.stdout)
    assert shown["dns"] == "weight 10"
    assert shown["lock"] is None if code == "NoSuchBucket" else code in shown["lock"]
    assert status.exit_code == 1


@pytest.mark.requirement("R10.4")
def test_a_plain_record_is_replaced_first_and_resolvers_must_have_forgotten_it(
    site: RolledOut, resolver: Resolver
) -> None:
    site.name_previous(ttl=3600)
    refused = run("cutover", "run", "prod", resolver.option, *QUICKLY)
    assert refused.exit_code == 1, refused.output
    assert "fail     TTL: 3600 s; replace the record: bin/ops cutover prepare prod" in refused.stderr
    shown = run("cutover", "prepare", "prod", "--dry-run")
    assert "CNAME aep-staging-1234567890.us-east-1.elb.amazonaws.com" in shown.stderr
    assert not Path("journal").exists() and not site.weights()
    assert run("cutover", "prepare", "prod").exit_code == 1, "production isn't changed without a yes"
    prepared = run("cutover", "prepare", "prod", "--yes")
    assert prepared.exit_code == 0, prepared.output
    assert prepared.stdout == "app.navralabs.com: weight 0; resolvers keep the plain record for up to 3600 s\n"
    assert site.weights() == {"current": 0, "previous": 100}
    waiting = run("cutover", "run", "prod", resolver.option, *QUICKLY)
    assert waiting.exit_code == 1
    assert "fail     TTL: resolvers may cache the plain record until 2" in waiting.stderr
    assert "3600 s left; wait, then try again" in waiting.stderr
    assert "nothing to replace" in run("cutover", "prepare", "prod", "--yes").stdout


def test_a_plain_record_with_a_short_ttl_is_soon_forgotten(site: RolledOut, resolver: Resolver) -> None:
    site.name_previous(ttl=1)
    assert run("cutover", "prepare", "prod", "--yes").exit_code == 0
    time.sleep(2)
    resolver.ttl = 60
    done = run("cutover", "run", "prod", "--to=10", resolver.option, *QUICKLY)
    assert done.exit_code == 0, done.output
    assert site.weights() == {"current": 10, "previous": 90}


def test_prepare_asks_for_nothing_but_the_load_balancer_and_is_undone(
    site: RolledOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.name_previous(ttl=60)
    for service in ("CLOUDWATCH", "S3"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", NOWHERE)
    assert run("cutover", "prepare", "prod", "--yes").exit_code == 0
    assert site.weights() == {"current": 0, "previous": 100}
    assert run("cutover", "prepare", "prod", "--undo", "--yes").exit_code == 0
    assert [(each["Type"], "SetIdentifier" in each) for each in site.records()] == [("A", False)]
    assert run("rollback", "dns", "prod", "--yes").exit_code == 0
    assert not site.weights()


def test_prepare_refuses_a_name_that_leads_elsewhere_unless_told(site: RolledOut) -> None:
    site.name_previous(ttl=60, target="elsewhere.example.net")
    refused = run("cutover", "prepare", "prod", "--yes")
    assert (refused.exit_code, "and not cutover.previous" in refused.stderr) == (1, True)
    assert not site.weights()
    assert run("cutover", "prepare", "prod", "--any-target", "--yes").exit_code == 0
    assert site.weights() == {"current": 0, "previous": 100}


def test_the_emulator_refuses_what_route_53_refuses(site: RolledOut) -> None:
    """What stops two commands from overwriting each other is Route 53's own rule."""
    stale = {**site.records()[0], "Weight": 77}
    with pytest.raises(ClientError, match="do not match the current values"):
        site.route53.change_resource_record_sets(
            HostedZoneId=site.zone.id, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": stale}]}
        )
