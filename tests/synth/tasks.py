"""Reads task definitions out of a synthesized stack."""

from __future__ import annotations

import json
import re

from tests.conftest import Body, Stack


def containers(stack: Stack) -> dict[str, Body]:
    """Container definitions by the family of their task definition."""
    tasks = stack.resources("aws_ecs_task_definition").values()
    return {task["family"]: json.loads(task["container_definitions"])[0] for task in tasks}


def assert_hardened(stack: Stack) -> None:
    """No container is root, can write its image, or has a capability; each can do what it must without."""
    for task in stack.resources("aws_ecs_task_definition").values():
        (container,) = json.loads(task["container_definitions"])
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", container["user"])
        assert (container["privileged"], container["readonlyRootFilesystem"]) == (False, True)
        assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True}
        mounts = {mount["sourceVolume"]: mount["containerPath"] for mount in container["mountPoints"]}
        assert set(mounts) == {volume["name"] for volume in task["volume"]}
        low = [mapping["containerPort"] for mapping in container["portMappings"] if mapping["containerPort"] < 1024]
        assert [control["value"] for control in container["systemControls"]] == [str(port) for port in low]
