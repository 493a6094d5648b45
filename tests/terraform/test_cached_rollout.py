"""After a rollout on emulated AWS, each phase's plan has the same JSON with the provider's cached schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import environments
from ops.terraform import cached
from ops.terraform.cached import CHANGES, NO_CHANGES
from ops.terraform.initialize import initialize
from ops.terraform.provider.setting import CachedSchema
from ops.terraform.session import Session
from ops.terraform.stack import Stack
from rehearsal.context import emulated_environment
from rehearsal.equal import comparable
from rehearsal.steps import every_phase_applies
from tests.products import HERE, values

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
MINI, NAME = HERE / "mini", "mini-demo"
APPLIED = "registry"
"""The phase whose fast plan is applied."""
TAG = {"Planted": "yes"}


def retagged(stack: Stack) -> None:
    """Add a default tag to each provider block: nearly every resource changes."""
    content = json.loads(stack.file.read_text(encoding="utf-8"))
    for block in content["provider"]["aws"]:
        (tags,) = block["default_tags"] if isinstance(block["default_tags"], list) else (block["default_tags"],)
        tags["tags"].update(TAG)
    stack.file.write_text(json.dumps(content), encoding="utf-8")


def equal_plans(session: Session, stack: Stack) -> tuple[int, Path]:
    """Plan a stack both ways, and show each plan both ways; returns Terraform's code and the fast plan."""
    initialize(session.terraform, stack)
    ways = [replace(session, cached_schema=level) for level in (CachedSchema.NO, CachedSchema.PLAN)]
    shown, codes = [], set()
    for number, planning in enumerate(ways):
        saved = stack.folder / f"{number}.tfplan"
        done = cached.plan(planning, stack, f"-out={saved.name}")
        codes.add(done.code)
        shown += [comparable(cached.show(showing, stack, saved)) for showing in ways]
    assert len(set(shown)) == 1, stack.name
    (code,) = codes
    return code, saved


def test_every_plan_is_the_same(own_outputs: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(cached, "say", said.append)
    out = own_outputs(MINI)
    with values(MINI), emulated_environment(environments.load(NAME), out, "cached") as rehearsal:
        every_phase_applies(rehearsal)
        rehearsal.sign_in(None)
        session = rehearsal.session
        for stack in session.stacks().values():
            code, _ = equal_plans(session, stack)
            assert code == NO_CHANGES, stack.name
        changed = set()
        for stack in session.stacks().values():
            retagged(stack)
            code, saved = equal_plans(session, stack)
            changed |= {stack.phase.name} if code == CHANGES else set()
            if stack.phase.name == APPLIED:
                done = session.terraform.run(stack.folder, "apply", "-input=false", "-no-color", saved.name)
                assert done.code == 0, done.errors
                code, _ = equal_plans(session, stack)
                assert code == NO_CHANGES
        assert changed >= {"state", "account", "network", APPLIED, "edge", "services", "observability"}
    assert not said, "nothing ran without the cached schema"
