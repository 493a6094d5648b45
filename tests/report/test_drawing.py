"""The diagram shows the connections that the stacks allow, and all of them; and it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from environments.flows import INTERNET, S3, flows
from environments.schema import Environment
from ops.gate.reachability import reachability
from ops.report.architecture import Architecture, DnsRecord, SecretReaders, architecture
from ops.report.drawing import THEMES, WIDTH, drawing, text_width
from policies.security_group_rules import KINDS, read_rules
from tests.cases import every_case
from tests.conftest import Body
from tests.products import Subject
from tests.report.environments import view_of
from tests.shapes import PROD

Connections = frozenset[tuple[str, str, str]]
"""Source, target and port."""
Case = tuple[Environment, Path]


@pytest.fixture
def case(subject: Subject, outputs: Callable[[Path], Path]) -> Case:
    """Each environment of all products, with the folder of its stacks."""
    return subject.environment, outputs(subject.folder)


# What it shows -----------------------------------------------------------------------------------------------


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def touches(self, x: float, y: float) -> bool:
        """Whether a point is on the edge."""
        across, along = self.left - 1 <= x <= self.right + 1, self.top - 1 <= y <= self.bottom + 1
        return (across and min(abs(y - self.top), abs(y - self.bottom)) <= 1) or (
            along and min(abs(x - self.left), abs(x - self.right)) <= 1
        )


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))


def points(path: str) -> list[tuple[float, float]]:
    """The ends and corners of a path: of a round corner, the point that it is drawn around."""
    found = re.findall(r"([MLQHV])([-\d. ]+)", path)
    at, result = (0.0, 0.0), []
    for command, numbers in found:
        values = [float(each) for each in numbers.split()]
        at = (values[0], at[1]) if command == "H" else (at[0], values[0]) if command == "V" else (values[0], values[1])
        result.append(at)
    return result


def box_of(element: ElementTree.Element) -> Box:
    x, y, width, height = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def drawn(svg: str) -> Connections:
    """The connections of a drawing. Where an arrow begins and ends, and its label, are what its data says."""
    root, found = parsed(svg), set()
    boxes: dict[str, list[Box]] = {}
    for rect in root.iter("rect"):
        if party := rect.get("data-party"):
            boxes.setdefault(party, []).append(box_of(rect))
    for group in root.iter("g"):
        source, target, port = (group.get(f"data-{name}", "") for name in ("from", "to", "port"))
        (path,), (label,) = group.findall("path"), group.findall("text")
        ends = points(path.get("d", ""))
        assert any(box.touches(*ends[0]) for box in boxes[source]), f"the arrow to {target} doesn't begin at {source}"
        assert any(box.touches(*ends[-1]) for box in boxes[target]), f"the arrow of {source} doesn't end at {target}"
        assert (label.text or "").split()[0] == port.split()[0], f"{source} to {target}: {label.text} isn't {port}"
        found.add((source, target, port))
    return frozenset(found)


def allowed_by_rules(output: Path, environment: Environment) -> Connections:
    """The connections that both the source's and the target's group allow, from the rules of all stacks alone."""
    out: set[tuple[str, str, str]] = set()
    into: set[tuple[str, str, str]] = set()
    hosts = {party.replace("-", "_"): party for party in (each.name for each in environment.product.services)}
    for file in output.glob(f"stacks/{environment.name}-*/cdk.tf.json"):
        content: Body = json.loads(file.read_text(encoding="utf-8"))
        resources = content.get("resource", {})

        def party(reference: str, resources: Body = resources) -> str:
            if reference == "0.0.0.0/0":
                return INTERNET
            if "aws_vpc_endpoint" in reference:
                return S3
            match = re.search(r"aws_security_group\.group_(\w+)\.id", reference)
            assert match, reference
            return hosts.get(match[1], match[1])

        for kind in KINDS:
            for body in resources.get(kind, {}).values():
                for rule in read_rules(kind, body):
                    first, last = rule.span
                    assert rule.protocol == "tcp" and first == last
                    ends = (party(rule.group), party(rule.peer))
                    (out if rule.direction == "egress" else into).add(
                        (*(ends if rule.direction == "egress" else ends[::-1]), str(first))
                    )
    groups = {party for found in (out, into) for pair in found for party in pair[:2]} - {INTERNET, S3}
    return frozenset(
        each
        for each in out | into
        if (each in out or each[0] not in groups) and (each in into or each[1] not in groups)
    )


def differences(svg: str, case: Case) -> list[str]:
    """What the drawing shows and the rules or the proof don't allow, and the other way round."""
    environment, output = case
    shown = drawn(svg)
    proven = frozenset((flow.source, flow.target, str(flow.port)) for flow in flows(environment))
    return [
        f"{source} to {target} {port}"
        for other in (allowed_by_rules(output, environment), proven)
        for source, target, port in shown ^ other
    ]


def svg_of(case: Case, theme: str | None = "light") -> str:
    environment, output = case
    return drawing(architecture(view_of(output, environment), environment), theme)


@pytest.mark.requirement("R13.6")
def test_it_shows_what_rules_and_proof_allow(case: Case) -> None:
    environment, output = case
    assert not [record for record in reachability(view_of(output, environment), environment) if not record.passed]
    assert not differences(svg_of(case), case)


def test_it_shows_what_rules_and_proof_allow_in_other_shapes(shaped: Case) -> None:
    environment, output = shaped
    assert not [record for record in reachability(view_of(output, environment), environment) if not record.passed]
    assert not differences(svg_of(shaped), shaped)


def test_swapped_ports_are_noticed(output: Path) -> None:
    svg = svg_of((PROD, output))
    swapped = svg.replace("5432", "SWAP").replace("6379", "5432").replace("SWAP", "6379")
    assert swapped != svg
    assert sorted(set(differences(swapped, (PROD, output)))) == [
        "backend to cache 5432",
        "backend to cache 6379",
        "backend to database 5432",
        "backend to database 6379",
    ]


def test_a_label_of_another_arrow_is_noticed(output: Path) -> None:
    svg = svg_of((PROD, output)).replace(">5432 database<", ">6379 database<")
    with pytest.raises(AssertionError, match="6379 database isn't 5432"):
        drawn(svg)


def test_an_arrow_that_ends_elsewhere_is_noticed(output: Path) -> None:
    svg = svg_of((PROD, output)).replace('data-to="cache"', 'data-to="database"')
    with pytest.raises(AssertionError, match="doesn't end at database"):
        drawn(svg)


def test_it_shows_the_stacks_and_not_the_table(output: Path, tmp_path: Path) -> None:
    for file in output.glob("stacks/prod-*/cdk.tf.json"):
        if not file.parent.name.startswith("prod-starter"):
            content = json.loads(file.read_text(encoding="utf-8"))
            for kind in ("ingress", "egress"):
                rules = content.get("resource", {}).get(f"aws_vpc_security_group_{kind}_rule", {})
                for name, rule in rules.items():
                    if name == f"backend_to_database_5432_{kind}":
                        rule |= {"from_port": 6379, "to_port": 6379}
            target = tmp_path / "stacks" / file.parent.name / file.name
            target.parent.mkdir(parents=True)
            target.write_text(json.dumps(content), encoding="utf-8")
    assert ("backend", "database", "6379") in drawn(svg_of((PROD, tmp_path)))


def test_what_only_rules_for_all_addresses_allow_is_a_note(output: Path) -> None:
    svg = svg_of((PROD, output))
    assert ("backend", "load_balancer", "443") not in drawn(svg)
    assert "public addresses of this VPC: backend to load balancer 443." in svg


def test_records_and_secrets_of_the_same_kind_are_one_line() -> None:
    records = (DnsRecord("example.org", ("A", "AAAA"), 100, ""),)
    secrets = tuple(SecretReaders(f"shop/prod/{name}", ("api", "importer")) for name in ("ONE", "TWO"))
    svg = drawing(Architecture("shop", "eu-west-1", "", (), (), (), (), records, None, secrets))
    assert svg.count("example.org (A, AAAA) to this load balancer, weight 100") == 1
    assert svg.count("read by api, importer<") == 1


@every_case(
    "text",
    [
        "Internet",
        "us-east-1b",
        "NAT gateway",
        "AWS WAF: 5 rules before every request",
        "through NAT in 3 zones",
        "app.navralabs.com (A) to this load balancer, weight 0",
        "2 to 6 tasks",
        "DATABASE_URL",
        "read by backend",
        "Third parties",
        "ecr.api",
        "/api/* /health/* to backend",
    ],
)
def test_it_names_what_an_environment_has(output: Path, text: str) -> None:
    assert text.lower() in svg_of((PROD, output)).lower()


# How it looks ------------------------------------------------------------------------------------------------


class Label(NamedTuple):
    text: str
    box: Box
    classes: frozenset[str]
    size: float


def labels(root: ElementTree.Element) -> Iterator[Label]:
    for element in root.iter("text"):
        text, size = element.text or "", float(element.get("font-size", "0"))
        classes = frozenset(element.get("class", "").split())
        x, y, width = (
            float(element.get("x", "0")),
            float(element.get("y", "0")),
            text_width(text, size, bold="bold" in classes),
        )
        left = x - width if "end" in classes else x
        yield Label(text, Box(left, y - 0.8 * size, left + width, y + 0.2 * size), classes, size)


def crossings(svg: str) -> list[str]:
    """Labels that another label or a line crosses, and labels that are outside of the drawing."""
    root = parsed(svg)
    all_labels = list(labels(root))
    found = [f"{one.text} overlaps {two.text}" for one, two in combinations(all_labels, 2) if one.box.overlaps(two.box)]
    found += [f"{each.text} is cut off" for each in all_labels if each.box.left < 0 or each.box.right > WIDTH]
    for path in root.iter("path"):
        if {"arrow", "plain"} & set(path.get("class", "").split()):
            for (x, y), (to_x, to_y) in pairwise(points(path.get("d", ""))):
                line = Box(min(x, to_x), min(y, to_y), max(x, to_x) + 0.1, max(y, to_y) + 0.1)
                found += [f"a line crosses {each.text}" for each in all_labels if each.box.overlaps(line)]
    return found


def test_no_label_is_crossed(case: Case) -> None:
    assert not crossings(svg_of(case))


def test_no_label_is_crossed_in_other_shapes(shaped: Case) -> None:
    assert not crossings(svg_of(shaped))


def test_long_and_hostile_names_are_escaped_and_shortened(output: Path) -> None:
    found = architecture(view_of(output, PROD), PROD)
    hostile = "<script>alert(1)</script>\"'&" + "x" * 300 + "\u202e\x07"
    parts = tuple(replace(part, facts=(hostile, *part.facts)) for part in found.parts)
    records = tuple(replace(record, name=hostile) for record in found.records)
    secrets = tuple(replace(secret, name=hostile, readers=(hostile,)) for secret in found.secrets)
    svg = drawing(replace(found, environment=hostile[:40], parts=parts, records=records, secrets=secrets), "dark")
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert not crossings(svg)


def test_no_text_is_small(case: Case) -> None:
    assert min(label.size for label in labels(parsed(svg_of(case)))) >= 11


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def fills(svg: str) -> dict[str, str]:
    """The colour of each class that has one, in the order of the rules."""
    return dict(re.findall(r"\.diagram \.?([\w-]+)\{[^}]*fill:(#\w+)", svg))


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_has_contrast(case: Case, theme: str) -> None:
    svg = svg_of(case, theme)
    root, colours = parsed(svg), fills(svg)
    behind: list[tuple[Box, str]] = []
    for element in root.iter():
        if element.tag == "rect":
            painted = [colours[each] for each in element.get("class", "").split() if each in colours]
            behind += [(box_of(element), painted[-1])] if painted else []
        elif element.tag == "text":
            (label,) = labels(_alone(element))
            own = [colours[each] for each in label.classes if each in colours] or [colours["text"]]
            x, y = label.box.left + 1, (label.box.top + label.box.bottom) / 2
            under = [colour for box, colour in behind if box.left <= x <= box.right and box.top <= y <= box.bottom]
            assert contrast(own[-1], under[-1]) >= 4.5, label.text


def _alone(element: ElementTree.Element) -> ElementTree.Element:
    root = ElementTree.Element("svg")
    root.append(element)
    return root
