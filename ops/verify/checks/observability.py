"""Alarms and the dashboard."""

from __future__ import annotations

from modules.alarms import expected
from ops.verify.calls import AwsObject
from ops.verify.context import Context
from ops.verify.model import met


def alarms_are_configured(context: Context) -> str:
    """Every alarm of the design exists, is switched on and tells the topic of alerts."""
    found = {alarm["AlarmName"]: alarm for alarm in _alarms(context)}
    topic = context.names.arn("sns", context.names.resource("alerts"))
    wanted = sorted(expected(context.names))
    problems = [f"{name} is missing" for name in wanted if name not in found]
    for name in set(wanted) & set(found):
        if not found[name]["ActionsEnabled"] or topic not in found[name]["AlarmActions"]:
            problems.append(f"{name} tells nobody")
    return met(sorted(problems), f"{len(wanted)} alarms tell {topic}")


def no_alarm_is_on(context: Context) -> str:
    """No alarm is on."""
    alarms = _alarms(context)
    on = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    silent = sum(alarm["StateValue"] == "INSUFFICIENT_DATA" for alarm in alarms)
    return met([f"{name} is on" for name in sorted(on)], f"{len(alarms)} alarms, {silent} of them without data yet")


def dashboard_is_there(context: Context) -> str:
    """The dashboard exists."""
    context.ask("cloudwatch", "get_dashboard", DashboardName=context.names.prefix)
    return f"dashboard {context.names.prefix}"


def _alarms(context: Context) -> list[AwsObject]:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    prefix = f"{context.names.prefix}-"
    answer = context.ask("cloudwatch", "describe_alarms", AlarmNamePrefix=prefix, AlarmTypes=kinds)
    return [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
