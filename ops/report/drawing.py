"""The diagram of an environment as SVG: columns are Availability Zones, rows are tiers, arrows are connections.

The grid is fixed, so that a change of a value moves little. Connections run in lanes beside the zones, one for each
target: a lane that reaches its target has one arrowhead, whatever joins it. A test reads the SVG back and compares it
with the security group rules and the reachability proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import NamedTuple

from environments.flows import INTERNET, LOAD_BALANCER, S3
from ops.printable import printable
from ops.report.architecture import Architecture, Arrow, Kind, Part, Tier

WIDTH = 1300
SMALL, NORMAL, LARGE = 14, 15.5, 22
"""Font sizes in pixels; pages show the drawing smaller."""
_LINE = 19
"""Height of a line of small text."""

_MARGIN = 20
_LEFT = 150
"""Where the first zone begins; left of it run the connections from the internet and the load balancer."""
_RIGHT = 800
"""Where the last zone ends; right of it run the connections to everything else."""
_PORTS = 166
"""Width of the column of ports and targets right of the zones."""
_OUTSIDE = 1050
"""Where the column of what is outside the VPC begins."""
_LANES = 66
"""Width of all lanes together."""
_STEP, _GAP = 24, 13
"""Height of a connection at its box, space between boxes."""
_FROM_BALANCER = 88
"""Where the connections from the load balancer run down."""
_FIREWALL = 28
"""Height of the load balancer's strip about the web application firewall."""
_CHIP = 13

_LIGHT = {
    "page": "#ffffff",
    "text": "#1f2328",
    "muted": "#59636e",
    "box": "#ffffff",
    "outside": "#f6f8fa",
    "line": "#818b98",
    "vpc": "#fbfaff",
    "vpc-line": "#8250df",
    "public": "#eef8ef",
    "private": "#edf5fd",
    "isolated": "#f3f4f6",
    "load_balancer": "#7a3fd1",
    "service": "#a04100",
    "database": "#0a58ca",
    "cache": "#b3261e",
    "endpoints": "#0b6e75",
    "s3": "#2b6a30",
    "internet": "#59636e",
    "other": "#8a4600",
}
_DARK = {
    "page": "#0d1117",
    "text": "#f0f6fc",
    "muted": "#a5afba",
    "box": "#1c232c",
    "outside": "#161b22",
    "line": "#7d8590",
    "vpc": "#100f1b",
    "vpc-line": "#a277f0",
    "public": "#102018",
    "private": "#0e1b2a",
    "isolated": "#171c23",
    "load_balancer": "#c3a2ff",
    "service": "#ffb27a",
    "database": "#79b8ff",
    "cache": "#ff9d94",
    "endpoints": "#5ccfd6",
    "s3": "#7ed688",
    "internet": "#b4bdc7",
    "other": "#f0b072",
}
THEMES: Mapping[str, Mapping[str, str]] = {"light": _LIGHT, "dark": _DARK}
"""Colours by name. The page has them as variables, `--d-text` and others."""


def drawing(found: Architecture, theme: str | None = None) -> str:
    """The diagram.

    Args:
        found: What it shows.
        theme: `light` or `dark`; None for the colours of the page that the drawing is in.
    """
    colours = THEMES[theme] if theme else {name: f"var(--d-{name})" for name in _LIGHT}
    return _Drawing(found).svg(colours)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """An upper estimate of a text's width in pixels: fonts differ, and none of the usual ones is wider."""
    return sum(map(_em, text)) * size * (1.1 if bold else 1.0)


@cache
def _em(character: str) -> float:
    if character in " .,:;|!'ijl()[]ftr-/":
        return 0.42
    return 0.99 if character in "mwMW@%" or ord(character) > 0x2FF else 0.72 if character.isupper() else 0.64


class _Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


Points = Sequence[tuple[float, float]]


@dataclass
class _Canvas:
    """Elements of the drawing, in the order in which they cover each other."""

    elements: list[str] = field(default_factory=list)

    def rect(self, box: _Box, kind: str, *, radius: int = 6, **data: str) -> None:
        more = "".join(f' data-{name}="{_escaped(value)}"' for name, value in data.items())
        self.elements.append(
            f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" '
            f'rx="{radius}"{more}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        kind: str = "",
        *,
        size: float = SMALL,
        bold: bool = False,
        end: bool = False,
        room: float = WIDTH,
    ) -> None:
        """Write a text, shortened to the room that it has; the whole text is then its title."""
        shown = printable(text)
        if text_width(shown, size, bold=bold) > room:
            while shown and text_width(shown + "…", size, bold=bold) > room:
                shown = shown[:-1]
            shown += "…"
        title = f"<title>{_escaped(text)}</title>" if shown != printable(text) else ""
        names = " ".join(filter(None, (kind, "bold" if bold else "", "end" if end else "")))
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{f" class={chr(34)}{names}{chr(34)}" if names else ""}>'
            f"{escape(shown)}{title}</text>"
        )

    def arrow(self, arrow: Arrow, points: Points, colour: str, label: tuple[float, float], *, end: bool) -> None:
        """Draw a connection with its port; both are in one group that says what it is."""
        x, y = label
        self.elements.append(
            f'<g data-from="{_escaped(arrow.source)}" data-to="{_escaped(arrow.target)}" '
            f'data-port="{_escaped(arrow.port)}">'
            f"<title>{_escaped(_sentence(arrow))}</title>"
            f'<path class="arrow {colour}" d="{_path(points)}" marker-end="url(#{colour}-head)"/>'
        )
        shown = arrow.port if end else f"{arrow.port} {_shown(arrow.target)}"
        self.text(x, y, shown, f"port {colour}-text", end=end, room=_PORTS - 8)
        self.elements.append("</g>")


class _Drawing:
    def __init__(self, found: Architecture) -> None:
        self._found = found
        self._canvas = _Canvas()
        self._boxes: dict[str, _Box] = {}
        self._left, self._right = _sides(found)
        self._lanes: dict[str, float] = {}
        self._taken: dict[str, int] = {}

    def svg(self, colours: Mapping[str, str]) -> str:
        """All elements, as one SVG."""
        height = self._lay_out()
        found = self._found
        about = " ".join(_sentence(arrow) for arrow in found.arrows)
        heads = "".join(_head(name) for name in _COLOURED)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" viewBox="0 0 {WIDTH} {height:g}" '
            f'role="img" aria-labelledby="d-title-{_escaped(found.environment)}">'
            f'<title id="d-title-{_escaped(found.environment)}">Architecture of {_escaped(found.environment)}</title>'
            f"<desc>{_escaped(about)}</desc><style>{_style(colours)}</style><defs>{heads}</defs>"
            f'<rect class="page" width="{WIDTH}" height="{height:g}"/>' + "\n".join(self._canvas.elements) + "</svg>\n"
        )

    # Rows, from top to bottom

    def _lay_out(self) -> float:
        found, canvas = self._found, self._canvas
        canvas.text(_MARGIN, 36, found.environment, size=LARGE, bold=True)
        title = _MARGIN + text_width(found.environment, LARGE, bold=True) + 14
        canvas.text(title, 36, f"{found.region}, {len(found.zones)} Availability Zones", "muted", size=NORMAL)
        top = self._public_names(58) + 26
        frame = len(canvas.elements)
        y = top + 38
        bands = []
        for tier in Tier:
            start = y
            y = self._tier(tier, start)
            bands.append((tier, start, y))
            y += _GAP
        bottom = y
        self._set_lanes()
        backgrounds = _Canvas()
        self._grid(backgrounds, bands, top, bottom)
        canvas.elements[frame:frame] = backgrounds.elements
        outside = self._outside(bands)
        self._connect()
        return self._legend(max(bottom, outside) + 30)

    def _public_names(self, y: float) -> float:
        """The internet and the records that lead from it to load balancers."""
        records = self._found.records
        height = max(50, 34 + _LINE * len(records))
        self._put(INTERNET, _Box(_MARGIN, y, 140, height), "outside", "The internet")
        if records:
            box = _Box(_LEFT + 50, y, _OUTSIDE + 230 - _LEFT - 50, height)
            self._canvas.rect(box, "outside")
            self._canvas.elements.append(f'<path class="plain" d="M{_MARGIN + 140} {y + 25:g}H{box.x:g}"/>')
            self._canvas.text(box.x + 12, y + 22, "Route 53", size=NORMAL, bold=True)
            for number, record in enumerate(records):
                weight = "" if record.weight is None else f", weight {record.weight}"
                where = f"another load balancer, {record.target}" if record.target else "this load balancer"
                line = f"{record.name} ({', '.join(record.types)}) to {where}{weight}"
                self._canvas.text(box.x + 12, y + 42 + _LINE * number, line, "muted", room=box.width - 24)
        return y + height

    def _tier(self, tier: Tier, top: float) -> float:
        """One row of subnets: their ranges, then a box for each part."""
        y = top + 30
        for part in (part for part in self._found.parts if part.tier == tier):
            y = self._part(part, y) + _GAP
        if tier is Tier.PUBLIC and any(subnet.nat for subnet in self._found.subnets):
            y = self._nat(y) + _GAP
        return y

    def _part(self, part: Part, y: float) -> float:
        columns = [self._column(zone) for zone in part.zones] or [(_LEFT, _RIGHT)]
        x, right = min(columns)[0] + 10, max(columns)[1] - 10
        lines = list(_lines(part, right - x - 24))
        slots = max(self._slots(part.name, self._left), self._slots(part.name, self._right))
        chips = 22 if part.tasks else 0
        firewall = _FIREWALL if part.kind is Kind.LOAD_BALANCER else 0
        height = firewall + max(34 + _LINE * len(lines) + chips, slots * _STEP + 12)
        box = _Box(x, y, right - x, height)
        colour = _colour(part)
        self._put(part.name, box, colour)
        if firewall:
            self._firewall(box)
        first = y + firewall + 22
        tasks = f"  {_tasks(part.tasks)}" if part.tasks else ""
        self._canvas.text(
            x + 12, first, _shown(part.name), f"{colour}-text", size=NORMAL, bold=True, room=box.width - 150
        )
        if tasks:
            after = x + 20 + min(text_width(part.name, NORMAL, bold=True), box.width - 150)
            self._canvas.text(after, first, tasks.strip(), "muted")
        for number, line in enumerate(lines):
            self._canvas.text(x + 12, first + _LINE + _LINE * number, line, "muted", room=box.width - 24)
        if part.tasks:
            self._chips(part, first + 8 + _LINE * len(lines))
        return box.bottom

    def _firewall(self, box: _Box) -> None:
        rules = self._found.firewall
        strip = _Box(box.x, box.y, box.width, _FIREWALL)
        if rules is None:
            self._canvas.text(box.x + 12, box.y + 20, "no web application firewall", "muted")
        else:
            self._canvas.rect(strip, "firewall")
            self._canvas.text(box.x + 12, box.y + 20, f"AWS WAF: {rules} rules before every request", "firewall-text")

    def _chips(self, part: Part, y: float) -> None:
        """A square for each task of a zone: ECS spreads them. Dashed ones are added under load."""
        for number, zone in enumerate(part.zones):
            always, most = (count // len(part.zones) + (number < count % len(part.zones)) for count in part.tasks or ())
            left, right = self._column(zone)
            for chip in range(min(most, int((right - left - 60) // (_CHIP + 5)))):
                x = left + 22 + chip * (_CHIP + 5)
                self._canvas.rect(_Box(x, y, _CHIP, _CHIP), "task" if chip < always else "task more", radius=2)

    def _nat(self, y: float) -> float:
        for subnet in self._found.subnets:
            if subnet.nat:
                left, right = self._column(subnet.zone)
                self._canvas.rect(_Box(left + 10, y, right - left - 20, 34), "internet-box")
                self._canvas.text(left + 22, y + 22, "NAT gateway", "internet-text")
        self._boxes["nat"] = _Box(_LEFT, y, _RIGHT - _LEFT, 34)
        return y + 34

    def _grid(self, canvas: _Canvas, bands: list[tuple[Tier, float, float]], top: float, bottom: float) -> None:
        """The VPC, its zones and subnets, behind everything else."""
        right = _RIGHT + _PORTS + _LANES
        canvas.rect(_Box(_MARGIN, top, right - _MARGIN, bottom - top), "vpc", radius=10)
        canvas.text(right - 12, top + 25, f"VPC {self._found.cidr}", "vpc-text", bold=True, end=True)
        for zone in self._found.zones:
            x, end = self._column(zone)
            canvas.text(x + 8, top + 25, zone, bold=True, room=end - x - 16)
            for tier, start, stop in bands:
                ranges = [s.cidr for s in self._found.subnets if s.zone == zone and s.tier == tier]
                if ranges:
                    canvas.rect(_Box(x + 3, start, end - x - 6, stop - start), f"subnet {tier}")
                    canvas.text(x + 13, start + 20, f"{tier} {', '.join(ranges)}", "muted", room=end - x - 26)

    # What is outside the VPC, beside the rows that lead there

    def _outside(self, bands: list[tuple[Tier, float, float]]) -> float:
        found, width = self._found, WIDTH - _MARGIN - _OUTSIDE
        y = bands[0][1]
        targets = {arrow.target for arrow in self._right}
        if INTERNET in targets:
            zones = sum(subnet.nat for subnet in found.subnets)
            through = f"through NAT in {zones} zone{'s' * (zones != 1)}" if zones else "without NAT"
            nat = self._boxes.get("nat")
            y = nat.y + 17 - 30 if nat else y
            self._put(
                "third parties", _Box(_OUTSIDE, y, width, 60), "outside", "Third parties", through, party=INTERNET
            )
            y += 60 + _GAP
        services = [self._boxes[part.name].y for part in found.parts if part.tier is Tier.PRIVATE]
        if S3 in targets:
            y = max(y, min(services, default=y))
            self._put(S3, _Box(_OUTSIDE, y, width, 60), "s3", "Amazon S3", "by its gateway endpoint")
            y += 60 + _GAP
        endpoints = next((part for part in found.parts if part.kind is Kind.ENDPOINTS), None)
        if endpoints:
            box = self._boxes[endpoints.name]
            y = max(y, box.y)
            self._put("apis", _Box(_OUTSIDE, y, width, 60), "endpoints", "AWS APIs", "only by the endpoints")
            end = min(y + 50, box.bottom - 6)
            end = end if end > y + 6 else y + 30
            start = box.bottom - 7
            middle = _OUTSIDE - 22
            self._canvas.elements.append(
                f'<path class="plain" d="M{box.right:g} {start:g}H{middle}V{end:g}H{_OUTSIDE}"/>'
            )
            y += 60 + _GAP
        if found.secrets:
            prefix = _prefix([secret.name for secret in found.secrets])
            lines = []
            together: dict[tuple[str, ...], list[str]] = {}
            for secret in found.secrets:
                together.setdefault(secret.readers, []).append(secret.name.removeprefix(prefix))
            for readers, names in together.items():
                wrapped = _wrapped(readers or ("no service",), ", ", width - 24 - text_width("read by ", SMALL))
                lines += [(name, "") for name in names]
                lines += [(f"{'read by ' * (not number)}{line}", "muted") for number, line in enumerate(wrapped)]
            height = 56 + _LINE * len(lines)
            self._put("secrets", _Box(_OUTSIDE, y, width, height), "outside", "Secrets Manager", f"{prefix}…")
            for number, (line, kind) in enumerate(lines):
                self._canvas.text(_OUTSIDE + 12, y + 66 + _LINE * number, line, kind, room=width - 24)
            y += height + _GAP
        return y - _GAP

    def _put(self, name: str, box: _Box, colour: str, title: str = "", line: str = "", *, party: str = "") -> None:
        """Place a box, with the name that connections have for it."""
        self._boxes[name] = box
        self._canvas.rect(box, colour if colour == "outside" else f"{colour}-box", party=party or name)
        if title:
            kind = "" if colour == "outside" else f"{colour}-text"
            self._canvas.text(box.x + 12, box.y + 24, title, kind, size=NORMAL, bold=True)
        if line:
            self._canvas.text(box.x + 12, box.y + 45, line, "muted", room=box.width - 24)

    # Connections

    def _set_lanes(self) -> None:
        """A lane right of the zones for each target: those inside the VPC first, in the order of their rows."""
        inside = [part.name for part in self._found.parts if any(arrow.target == part.name for arrow in self._right)]
        inside.sort(key=lambda name: self._boxes[name].y)
        outside = [name for name in (INTERNET, S3) if any(arrow.target == name for arrow in self._right)]
        step = min(14, _LANES / (len(inside) + len(outside) or 1))
        self._lanes = {name: _RIGHT + _PORTS + step * number for number, name in enumerate((*inside, *outside))}

    def _connect(self) -> None:
        entering = [arrow for arrow in self._left if arrow.source == INTERNET]
        for number, arrow in enumerate(sorted(entering, key=lambda each: self._boxes[each.target].y)):
            box = self._boxes[arrow.target]
            y = self._slot(arrow.target, "left")
            down = _MARGIN + 16 + 16 * (len(entering) - number)
            points = [(down, self._boxes[INTERNET].bottom), (down, y), (box.x, y)]
            self._canvas.arrow(arrow, points, "internet", (box.x - 12, y - 4), end=True)
        balanced = [arrow for arrow in self._left if arrow.source != INTERNET]
        if balanced:
            start = self._boxes[LOAD_BALANCER]
            out = self._slot(LOAD_BALANCER, "left")
            for arrow in balanced:
                box, y = self._boxes[arrow.target], self._slot(arrow.target, "left")
                points = [(start.x, out), (_FROM_BALANCER, out), (_FROM_BALANCER, y), (box.x, y)]
                self._canvas.arrow(arrow, points, LOAD_BALANCER, (box.x - 12, y - 4), end=True)
        for name, x in self._lanes.items():
            arrows = [arrow for arrow in self._right if arrow.target == name]
            box = self._boxes["third parties" if name == INTERNET else name]
            outside = box.x > x
            end = box.y + box.height / 2 if outside else self._slot(name, "right")
            part = self._found.part(name)
            colour = _colour(part) if part else name
            for arrow in arrows:
                source, y = self._boxes[arrow.source], self._slot(arrow.source, "right")
                points = [(source.right, y), (x, y), (x, end), (box.x if outside else box.right, end)]
                self._canvas.arrow(arrow, points, colour, (_RIGHT + 2, y - 4), end=False)
                self._canvas.elements.append(f'<circle class="{colour}-dot" cx="{x:g}" cy="{y:g}" r="3"/>')

    def _slots(self, name: str, arrows: Sequence[Arrow]) -> int:
        """How many lines end at one side of a box; all that a lane brings are one."""
        left = arrows is self._left
        leaving = [arrow for arrow in arrows if arrow.source == name]
        arriving = [arrow for arrow in arrows if arrow.target == name]
        return (min(len(leaving), 1) if left else len(leaving)) + (len(arriving) if left else min(len(arriving), 1))

    def _slot(self, name: str, side: str) -> float:
        """The height of the next line at a side of a box."""
        arrows = self._left if side == "left" else self._right
        box, count = self._boxes[name], self._slots(name, arrows)
        if name == LOAD_BALANCER:
            box = box._replace(y=box.y + _FIREWALL, height=box.height - _FIREWALL)
        number = self._taken.setdefault(f"{side} {name}", 0)
        self._taken[f"{side} {name}"] += 1
        return box.y + box.height / 2 + (number - (count - 1) / 2) * _STEP + 4

    def _column(self, zone: str) -> tuple[float, float]:
        width = (_RIGHT - _LEFT) / len(self._found.zones)
        x = _LEFT + width * self._found.zones.index(zone)
        return x, x + width

    def _legend(self, y: float) -> float:
        lines = [
            "An arrow is a connection that routes and security groups allow, with its TCP port. No other is possible."
        ]
        if any(part.tasks for part in self._found.parts):
            self._canvas.rect(_Box(_MARGIN, y - 11, _CHIP, _CHIP), "task", radius=2)
            self._canvas.text(_MARGIN + 22, y, "a task that always runs", "muted")
            self._canvas.rect(_Box(_MARGIN + 230, y - 11, _CHIP, _CHIP), "task more", radius=2)
            self._canvas.text(_MARGIN + 252, y, "a task that is added under load", "muted")
            y += 24
        implied = [arrow for arrow in self._found.arrows if arrow.implied]
        if implied:
            named = ", ".join(f"{_shown(arrow.source)} to {_shown(arrow.target)} {arrow.port}" for arrow in implied)
            lines.append(f"What may connect to the internet may also connect to public addresses of this VPC: {named}.")
        for line in lines:
            for piece in _wrapped(line.split(" "), " ", WIDTH - 2 * _MARGIN):
                self._canvas.text(_MARGIN, y, piece, "muted")
                y += 21
        return y + 4


def _sides(found: Architecture) -> tuple[list[Arrow], list[Arrow]]:
    """The connections that run left of the zones, and those that run right of them."""
    drawn = [arrow for arrow in found.arrows if not arrow.implied]
    left = [arrow for arrow in drawn if arrow.source in {INTERNET, LOAD_BALANCER} and found.part(arrow.target)]
    return left, [arrow for arrow in drawn if arrow not in left]


def _lines(part: Part, room: float) -> Iterator[str]:
    """A part's facts in as many lines as they need."""
    yield from _wrapped(part.facts, ", ", room)


def _wrapped(words: Sequence[str], between: str, room: float) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line}{between}{word}" if line else word
        if line and text_width(longer + between.rstrip(), SMALL) > room:
            yield line + between.rstrip()
            line = word
        else:
            line = longer
    if line:
        yield line


def _tasks(tasks: tuple[int, int]) -> str:
    minimum, maximum = tasks
    return f"{minimum} to {maximum} tasks" if minimum != maximum else f"{minimum} task{'s' * (minimum != 1)}"


def _shown(name: str) -> str:
    return {INTERNET: "third parties", S3: "S3"}.get(name, name.replace("_", " "))


def _colour(part: Part) -> str:
    return part.kind.name.lower()


def _prefix(names: Sequence[str]) -> str:
    """The folder that all names are in."""
    first = names[0].rpartition("/")[0] + "/" if "/" in names[0] else ""
    return first if all(name.startswith(first) for name in names) else ""


def _sentence(arrow: Arrow) -> str:
    port = f"TCP port {arrow.port}" if arrow.port.isdecimal() else arrow.port
    return f"{arrow.source} may connect to {arrow.target} on {port}: {arrow.why}."


def _path(points: Points) -> str:
    """A path of straight lines whose corners are round."""
    (x, y), *rest = points
    steps, here = [f"M{x:g} {y:g}"], (x, y)
    for corner, after in zip(rest, [*rest[1:], None], strict=True):
        if after is None:
            steps.append(f"L{corner[0]:g} {corner[1]:g}")
            break
        before, behind = _towards(corner, here), _towards(corner, after)
        steps.append(f"L{before[0]:g} {before[1]:g}Q{corner[0]:g} {corner[1]:g} {behind[0]:g} {behind[1]:g}")
        here = corner
    return "".join(steps)


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """A point near the start, towards the end of a vertical or horizontal line."""
    far = abs(end[0] - start[0]) + abs(end[1] - start[1])
    part = min(5, far / 2) / far if far else 0
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _escaped(text: str) -> str:
    return escape(printable(text))


_COLOURED = ("load_balancer", "service", "database", "cache", "endpoints", "s3", "internet", "other")


def _head(name: str) -> str:
    return (
        f'<marker id="{name}-head" viewBox="0 0 8 8" refX="7.5" refY="4" '
        'markerWidth="6" markerHeight="6" orient="auto">'
        f'<path class="{name}-dot" d="M0 0L8 4L0 8z"/></marker>'
    )


def _style(colours: Mapping[str, str]) -> str:
    """The rules of the drawing; every selector is within `.diagram`, because a page has several."""
    rules = {
        "text": 'font-family:system-ui,"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;fill:@text',
        ".bold": "font-weight:600",
        ".end": "text-anchor:end",
        ".muted": "fill:@muted",
        ".page": "fill:@page",
        ".outside": "fill:@outside;stroke:@line",
        ".vpc": "fill:@vpc;stroke:@vpc-line",
        ".vpc-text": "fill:@load_balancer",
        ".subnet": "stroke:@line;stroke-opacity:.45",
        **{f".{tier}": f"fill:@{tier}" for tier in Tier},
        ".plain": "fill:none;stroke:@line;stroke-dasharray:4 3",
        ".arrow": "fill:none;stroke-width:1.6",
        ".port": "font-weight:600",
        ".firewall": "fill:@load_balancer",
        ".firewall-text": "fill:@page;font-weight:600",
        ".task": "fill:@service;stroke:@service",
        ".task.more": "fill:none;stroke-dasharray:3 2",
    }
    for name in _COLOURED:
        rules |= {
            f".{name}": f"stroke:@{name}",
            f".{name}-box": f"fill:@box;stroke:@{name};stroke-width:1.3",
            f".{name}-dot": f"fill:@{name}",
            f".{name}-text": f"fill:@{name}",
        }
    css = "".join(f".diagram {selector}{{{rule}}}" for selector, rule in rules.items())
    for name in sorted(colours, key=len, reverse=True):
        css = css.replace(f"@{name}", colours[name])
    return css
