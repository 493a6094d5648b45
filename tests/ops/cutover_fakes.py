"""A small Route 53 with its real rules, a clock without waiting, and faults at chosen moments."""

from __future__ import annotations

import copy
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

from modules.interrupts import SIGNALS, interrupt
from ops.aws.dns import PublicZone
from ops.aws.errors import explained
from ops.aws.waiting import Time
from ops.cutover.records import AliasTarget, Shares, Zone
from ops.cutover.watch import Sample
from rehearsal.emulator.change_batch import BatchError, Record, changed

ZONE = "example.com"
HOST = f"app.{ZONE}"
SHARES = Shares(
    (HOST,),
    ("aep-prod-current", "aep-prod-previous"),
    AliasTarget("new.elb.amazonaws.com", "Z35SXDOTRQ7X7K"),
    AliasTarget("old.elb.amazonaws.com", "Z35SXDOTRQ7X7K"),
)
CNAME = {"Name": f"{HOST}.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": SHARES.previous.dns_name}]}
GOOD = Sample(breaches=(), missing=(), evidence={"requests": 100})
BAD = Sample(breaches=("alarm aep-prod-cutover is on",), missing=(), evidence={"requests": 100})
SILENT = Sample(breaches=(), missing=("0 requests arrived, the minimum is 20",), evidence={"requests": 0})


INTERRUPTIONS = tuple(each.name for each in SIGNALS)


@contextmanager
def listening() -> Iterator[None]:
    """Inside this context, signals interrupt this process as they interrupt a command."""
    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Killed(BaseException):
    """The process is gone."""


class Faults:
    """What goes wrong at the n-th moment at which something can."""

    def __init__(self) -> None:
        self.planned: dict[int, str] = {}
        self.moment = 0

    def plan(self, planned: dict[int, str]) -> None:
        self.planned, self.moment = planned, 0

    def next(self) -> str:
        self.moment += 1
        kind = self.planned.get(self.moment, "")
        if kind == "killed":
            raise Killed
        if kind in INTERRUPTIONS:
            signal.raise_signal(signal.Signals[kind])
        if self.planned.get(0) == "expired":
            return "expired"
        if kind == "expired":
            self.planned[0] = "expired"
        return kind


def refused(code: str, operation: str = "ChangeResourceRecordSets") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "planted"}}, operation)


CODES = {"failed": "InternalError", "lost": "InternalError", "throttled": "Throttling", "expired": "ExpiredToken"}


class Public(PublicZone):
    """The zone, found already."""

    def __init__(self, route53: Any) -> None:
        self.id, self._client, self._assumed = "Z1", route53, time.monotonic()


class Route53:
    """One zone, with the emulator's own rules of a batch."""

    def __init__(self, *records: dict[str, Any], faults: Faults | None = None) -> None:
        self.records = [copy.deepcopy(record) for record in records]
        self.faults = faults or Faults()
        self.batches: list[list[dict[str, Any]]] = []
        self.health_checks: set[str] | None = None

    def zone(self) -> Zone:
        return Zone(Public(self), SHARES)

    @property
    def weight(self) -> int | None:
        return SHARES.weight(self.records)

    def list_resource_record_sets(self, **_: Any) -> Any:
        if (kind := self.faults.next()) in CODES:
            raise refused(CODES[kind], "ListResourceRecordSets")
        return {
            "ResourceRecordSets": copy.deepcopy(self.records),
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(datetime(2026, 1, 1, tzinfo=UTC))}},
        }

    def change_resource_record_sets(self, *, HostedZoneId: str, ChangeBatch: dict[str, Any]) -> Any:  # noqa: N803  (AWS's names)
        assert HostedZoneId == "Z1"
        kind = self.faults.next()
        if kind in CODES and kind != "lost":
            raise refused(CODES[kind])
        self.batches.append(ChangeBatch["Changes"])
        try:
            self.records = [*map(dict, self._after(copy.deepcopy(ChangeBatch["Changes"])))]
        except BatchError as error:
            raise refused(error.code) from None
        if kind == "lost":
            raise refused(CODES[kind])
        return {"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING"}}

    def _after(self, changes: list[dict[str, Any]]) -> list[Record]:
        return changed(self.records, changes, zone=ZONE, health_checks=self.health_checks)


def shared(weight: int) -> list[dict[str, Any]]:
    """The two records at a weight, as Route 53 lists them."""
    return [{**record, "Name": f"{HOST}."} for record in SHARES.at(weight)]


class Looks:
    """Signals that say what a function of the present weight says."""

    def __init__(self, route53: Route53, seen: Callable[[int], Sample]) -> None:
        self._route53, self._seen = route53, seen

    def sample(self, since: datetime, until: datetime) -> Sample:
        assert since < until
        kind = self._route53.faults.next()
        if kind in CODES:
            with explained("read the alarms"):
                raise refused(CODES[kind], "DescribeAlarms")
        return self._seen(self._route53.weight or 0)


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.now, self._faults = 0.0, faults or Faults()
        self.time = Time(sleep=self._sleep, elapsed=lambda: self.now)

    def _sleep(self, seconds: float) -> None:
        self._faults.next()
        self.now += seconds
