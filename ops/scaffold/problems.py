"""Names what is wrong by the option that you typed, or by the file and line that it is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import environments
from environments.places import place
from environments.schema import Environment, Product, Profile, ScheduledTask, Service, Zone, types
from environments.schema.rules import Problem
from environments.schema.validation import InvalidEnvironmentError, check_fields, placed
from ops.scaffold.answers import QUESTIONS, Answers, problem
from ops.scaffold.build import DEFAULT, zone_of
from ops.scaffold.errors import ScaffoldError

_OPTIONS = {
    r"product\.name(, stage)?|name|stage": "NAME",
    r"product\.repository": "--repository",
    r"product\.services(\.priority)?|edge\.service_hosts.*": "--service",
    r"product\.services\.(\w+)": r"--service: \1",
    r"product\.scheduled_tasks": "--schedule",
    r"edge\.(host|certificate_names)(\.\d+)?": "--host",
    r"edge\.zone": "--zone",
    r"edge\.zone\.(\w+)": r"--zone: \1",
    r"region": "--region",
    r"alerts\.email.*": "--email",
    r"account_id": "--{stage}-account",
    r"(account_resources_from|quotas\.elastic_ips)": r"--{stage}-account: \1",
}
"""Options of new-product by the setting that they are written to."""
_KEYS = {
    r"health_check\.path|liveness": "health",
    r"readiness\.path": "ready",
    r"cpu|memory": "size",
    r"reaches|secrets|readiness\.checks": "stores",
    r"schedule": "when",
    r"(\w+)\.\d+": r"\1",
}
"""Keys of --service, --worker and --schedule by the setting of a service or a scheduled task."""
_FROM_NAME = r"product\..*|name|stage|edge\..*"
"""Settings that new-environment makes from the environment's name, if the values that it uses are right."""


class Source(NamedTuple):
    """Where a value is written that a new environment uses."""

    module: str
    variable: str


Sources = Mapping[str, Source]
"""Where the settings of a new environment are written that exist already, such as `product`."""


def listed(wrong: Sequence[str]) -> ScaffoldError:
    """One error with all problems."""
    count = "1 problem" if len(wrong) == 1 else f"{len(wrong)} problems"
    return ScaffoldError("\n  ".join([f"{count}; nothing was written:", *wrong]))


def check_given(given: Mapping[str, Sequence[str]]) -> None:
    """Refuse options whose value is empty, or is the next option.

    Args:
        given: The values of each option that you passed.

    Raises:
        ScaffoldError: A value is missing.
    """
    wrong = []
    for option, texts in given.items():
        for text in texts:
            if not text.strip():
                wrong.append(f"{option} {text!r}: must have a value; without the option, it has its default")
            elif text.startswith("--"):
                wrong.append(f"{option} has no value: {text} comes next")
    if wrong:
        raise listed(wrong)


def check_answers(answers: Answers) -> None:
    """Refuse single values that their settings don't allow, and names that are given twice.

    Raises:
        ScaffoldError: It lists all of them.
    """
    given = {
        "--repository": answers.repository,
        "--host": answers.host,
        "--region": answers.region,
        **{f"--{stage}-account": account for stage, account in answers.accounts.items()},
        "--email": answers.email,
    }
    allowed = {question.option: question.type for question in QUESTIONS} | {"--email": types.Email}
    wrong = [
        f"{option} {text!r}: {reason}"
        for option, text in given.items()
        if text is not None and (reason := problem(allowed[option], text))
    ]
    zone = zone_of(answers.zone, answers.host or f"{answers.name}.example.com")
    wrong += [
        f"--zone: {each.field}: {each.given!r}: {each.allowed}"
        for each in check_fields(Zone, zone)
        if getattr(answers.zone, each.field, None)
    ]
    if wrong := [*wrong, *_wrong_names(answers)]:
        raise listed(wrong)


def _wrong_names(answers: Answers) -> Iterator[str]:
    names = [
        (option, each.name)
        for option, items in (
            ("--service", answers.services or (DEFAULT,)),
            ("--worker", answers.workers),
            ("--schedule", answers.schedules),
        )
        for each in items
    ]
    for option, name in names:
        if reason := problem(types.Slug, name):
            yield f"{option} {name!r}: name: {reason}"
    for name, count in Counter(name for _, name in names).items():
        if count > 1:
            options = " and ".join(dict.fromkeys(option for option, each in names if each == name))
            yield f"{options} {name!r}: {count} have this name; services, workers and schedules need unique names"


def of_product(
    error: InvalidEnvironmentError, answers: Answers, new: Mapping[str, tuple[Environment, Sources]]
) -> ScaffoldError:
    """The problems of a new product, each by the option instead of the setting.

    Args:
        error: What `check_new` raised.
        answers: What you passed.
        new: The new environments by name, with the sources of their settings.
    """
    if error.name not in new:
        return _of_another(error)
    environment, sources = new[error.name]
    # An image's repository is also that of the service, which is reported.
    problems = [each for each in error.problems if not each.field.startswith("releases.")] or error.problems
    return listed(
        [
            of_source(each, sources) or f"{_option(each, answers, environment)}: {each.given!r}: {each.allowed}"
            for each in problems
        ]
    )


def _option(problem: Problem, answers: Answers, environment: Environment) -> str:
    product = environment.product
    kinds: dict[str, Sequence[Service | ScheduledTask]] = {
        "services": product.services,
        "scheduled_tasks": product.scheduled_tasks,
    }
    for kind, items in kinds.items():
        for index, item in enumerate(items):
            worker = "--schedule" if kind == "scheduled_tasks" else "--worker"
            option = "--service" if getattr(item, "paths", ()) else worker
            if problem.field == "product.services.name" and problem.given == item.name:
                return f"{option} {item.name!r}: name"
            prefix, start, field = problem.field.partition(f"product.{kind}.{index}.")
            if prefix or not start:
                continue
            # A resource's name begins with the product's; the service may be the default one.
            if field == "name" and problem.given != item.name:
                return f"NAME, {option} {item.name!r}" if answers.services or option != "--service" else "NAME"
            return f"{option} {item.name!r}: {_by_pattern(field, _KEYS)}"
    return _by_pattern(problem.field, _OPTIONS).format(stage=environment.stage)


def _by_pattern(field: str, names: Mapping[str, str]) -> str:
    """The name of the first pattern that is the whole field's; the field, if there is none."""
    found = ((re.fullmatch(pattern, field), name) for pattern, name in names.items())
    return next((match.expand(name) for match, name in found if match), field)


def of_environment(error: InvalidEnvironmentError, new: Environment, sources: Sources) -> ScaffoldError:
    """The problems of a new environment: those of values that exist have the file and line, others are of its name.

    Args:
        error: What `check_new` raised.
        new: The environment.
        sources: Of its settings.
    """
    if error.name != new.name:
        return _of_another(error)
    return listed([of_source(each, sources) or _of_name(each) for each in error.problems])


def _of_name(problem: Problem) -> str:
    field = "NAME" if re.fullmatch(_FROM_NAME, problem.field) else problem.field
    return f"{field}: {problem.given!r}: {problem.allowed}"


def check_source(name: str, value: Product | Profile, source: Source) -> None:
    """Refuse a value that new environments would use, if its settings are malformed.

    Args:
        name: The environments' setting that has the value.
        value: The value.
        source: Where it is written.

    Raises:
        ScaffoldError: It lists all problems.
    """
    found = check_fields(type(value), value)
    problems = [each._replace(field=f"{name}.{each.field}") for each in found]
    if problems:
        raise listed([of_source(each, {name: source}) or str(each) for each in problems])


def of_source(problem: Problem, sources: Sources) -> str | None:
    """A problem with the file and line of the value, if it is written there."""
    setting, _, rest = problem.field.partition(".")
    if setting not in sources or rest == "name, stage":  # both together; the stage is new
        return None
    module, variable = sources[setting]
    where = place(f"{environments.__name__}.{module}", rest, problem.given, (variable,))
    return f"{where}: {problem}" if where else None


def _of_another(error: InvalidEnvironmentError) -> ScaffoldError:
    """Problems that an environment which exists would have beside the new ones."""
    return listed([placed(each, environments.file_of(error.name).stem) for each in error.problems])
