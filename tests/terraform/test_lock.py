"""The AWS provider's lock file: `init` runs a provider only if its hash is in it, and `make lock` renews it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from environments import load
from modules.output import LOCK_FILE, PROJECT_LOCK
from modules.phases import phase
from ops.doctor.provider import target
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, locked, parsed
from ops.gate.understood import schema
from ops.terraform import initialize as module
from ops.terraform.inherited import inherited
from ops.terraform.initialize import initialize
from ops.terraform.lock import PLATFORMS, pinned_provider, renew
from ops.terraform.process import Done, Terraform
from ops.terraform.session import variables
from ops.terraform.stack import Stack
from tests.cases import every_case
from tests.runner.in_memory import MemoryTerraform

OTHER = f"h1:{'A' * 43}="
"""The hash of no package."""
UNREACHABLE = Done(1, errors=("Error: could not connect to registry.terraform.io",))


def lock(version: str, *hashes: str) -> str:
    listed = "".join(f'    "{each}",\n' for each in hashes)
    return f'provider "{PROVIDER}" {{\n  version     = "{version}"\n  hashes = [\n{listed}  ]\n}}\n'


class Scripted:
    """Terraform, whose commands write lock files."""

    def __init__(self, providers: Done | str, init: Done | str = UNREACHABLE) -> None:
        self.memory = MemoryTerraform(ends={"providers": self._ending(providers), "init": self._ending(init)})
        self.given: list[str] = []

    def _ending(self, result: Done | str) -> Callable[[Path, tuple[str, ...]], Done]:
        def end(folder: Path, _: tuple[str, ...]) -> Done:
            before = folder / LOCK_FILE
            self.given.append(before.read_text(encoding="utf-8") if before.is_file() else "")
            if isinstance(result, Done):
                return result
            before.write_text(result, encoding="utf-8")
            return Done(0)

        return end

    def renew(self, version: str, file: Path) -> str:
        return renew(version, file, cast(Terraform, self.memory))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A lock file of 5.100.0."""
    path = tmp_path / LOCK_FILE
    path.write_text(lock("5.100.0", "h1:one", "zh:two"), encoding="utf-8")
    return path


@pytest.mark.requirement("R13.14")
@pytest.mark.parametrize(
    ("content", "why"),
    [(b"provider\xff", "isn't UTF-8 text (byte 9); git restore"), (b"provider", "isn't a lock file of registry")],
)
def test_a_broken_lock_file_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str
) -> None:
    (tmp_path / LOCK_FILE).write_bytes(content)
    monkeypatch.setattr("ops.gate.lock_file.PROJECT_LOCK", tmp_path / LOCK_FILE)
    with pytest.raises(OpsError, match=re.escape(why)):
        locked.__wrapped__()


@pytest.mark.requirement("R13.14")
def test_the_stacks_and_the_bindings_are_of_the_locked_provider(output: Path) -> None:
    assert pinned_provider() == schema.version() == locked().version
    assert sum(each.startswith("zh:") for each in locked().hashes) == 15, "a package for each platform"
    stacks = [path.parent for path in output.glob("stacks/*/cdk.tf.json")]
    assert len(stacks) > 30
    for stack in stacks:
        assert (stack / LOCK_FILE).read_bytes() == PROJECT_LOCK.read_bytes(), stack.name


@every_case("text", ["", "provider", lock("5.100.0"), lock("5.100.0", "h1:a") * 2])
def test_a_lock_file_of_another_form_allows_nothing(text: str) -> None:
    assert parsed(text) is None


def test_where_the_registry_is_reachable_all_platforms_are_locked(file: Path) -> None:
    terraform = Scripted(lock("6.1.0", "h1:a", "zh:b", "zh:c"))
    said = terraform.renew("6.1.0", file)
    assert said == f"{LOCK_FILE} was written: hashicorp/aws 6.1.0, 3 hashes, for {', '.join(PLATFORMS)}"
    (ran,) = terraform.memory.ran
    assert ran[-len(PLATFORMS) :] == tuple(f"-platform={each}" for each in PLATFORMS)
    assert terraform.given == [""], "another version's hashes are dropped"
    assert file.read_text(encoding="utf-8") == lock("6.1.0", "h1:a", "zh:b", "zh:c")


def test_without_the_registry_a_new_version_is_locked_for_this_platform_and_the_rest_is_named(file: Path) -> None:
    said = Scripted(UNREACHABLE, lock("6.1.0", "h1:a")).renew("6.1.0", file)
    assert parsed(file.read_text(encoding="utf-8")) == parsed(lock("6.1.0", "h1:a"))
    for part in (f"only, {target()}, and nothing verified", "run make lock where the registry", "could not connect"):
        assert part in said


def test_without_the_registry_the_hashes_of_the_same_version_stay(file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    terraform = Scripted(UNREACHABLE, before)
    assert f"is unchanged: hashicorp/aws 5.100.0, 2 hashes; only the package of this platform, {target()}, was" in (
        terraform.renew("5.100.0", file)
    )
    assert terraform.given == [before, before], "Terraform compares them, and refuses a package with another hash"


@pytest.mark.parametrize("init", [UNREACHABLE, "other", lock("6.1.0", "h1:a")], ids=["refused", "form", "version"])
def test_after_an_error_the_lock_file_is_unchanged(file: Path, init: Done | str) -> None:
    before = file.read_bytes()
    with pytest.raises(OpsError, match=f"{LOCK_FILE} is unchanged"):
        Scripted(UNREACHABLE, init).renew("6.2.0", file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"<<<<<<< ours\n" + lock("5.100.0", "h1:one").encode(),
        lock("5.100.0", "h1:one").encode() + b'provider "registry.terraform.io/hashicorp/tls" {\n}\n',
        lock("5.100.0", "h1:one").encode() + b"\xff",
    ],
    ids=["conflict", "another provider", "not UTF-8"],
)
def test_hashes_of_a_lock_file_of_another_form_are_not_replaced(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(OpsError, match=rf"^{LOCK_FILE} is unchanged: it isn't a lock file of {PROVIDER} alone"):
        Scripted(UNREACHABLE, lock("5.100.0", OTHER)).renew("5.100.0", file)
    assert file.read_bytes() == content


def test_a_lock_file_with_the_line_ends_of_windows_is_read(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert "is unchanged" in Scripted(UNREACHABLE, lock("5.100.0", "h1:one", "zh:two")).renew("5.100.0", file)


# With Terraform ---------------------------------------------------------------------------------------------


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack whose state is in its folder."""
    stack = Stack(load("prod"), phase("network"), tmp_path / "out")
    stack.folder.mkdir(parents=True)
    content: dict[str, Any] = {"required_providers": {"aws": {"source": "aws", "version": schema.version()}}}
    stack.file.write_text(json.dumps({"terraform": content}), encoding="utf-8")
    return stack


def installed(stack: Stack) -> Terraform:
    return Terraform(variables(stack.out, inherited()))


@pytest.mark.slow
@pytest.mark.requirement("R13.14")
def test_init_refuses_a_provider_with_another_hash(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.write_text(re.sub('"(h1|zh):[^"]+"', f'"{OTHER}"', PROJECT_LOCK.read_text(encoding="utf-8")), "utf-8")
    monkeypatch.setattr(module, "PROJECT_LOCK", other)
    for _ in range(2):
        with pytest.raises(OpsError, match="so it isn't run"):
            initialize(installed(stack), stack)
    assert (stack.folder / LOCK_FILE).read_bytes() == other.read_bytes(), "no hash was added"
    assert not (stack.folder / ".terraform" / "initialized").exists()
    monkeypatch.undo()
    initialize(installed(stack), stack)
    assert (stack.folder / LOCK_FILE).read_bytes() == PROJECT_LOCK.read_bytes()


@pytest.mark.slow
@pytest.mark.requirement("R13.14")
def test_a_provider_that_is_replaced_after_init_is_not_run(stack: Stack) -> None:
    terraform = installed(stack)
    initialize(terraform, stack)
    (package,) = (stack.folder / ".terraform" / "providers" / PROVIDER / schema.version()).iterdir()
    replaced = package.resolve()
    package.unlink()
    package.mkdir()
    for path in replaced.iterdir():
        (package / path.name).symlink_to(path)
    (package / "added").write_text("x", encoding="utf-8")
    initialize(terraform, stack)
    done = terraform.run(stack.folder, "plan", "-input=false", "-no-color")
    assert done.code == 1
    assert "checksums recorded in the dependency lock file" in " ".join(" ".join(done.errors).split())


@pytest.mark.slow
def test_a_lock_file_is_made_and_compared_with_what_this_machine_has(tmp_path: Path) -> None:
    file = tmp_path / LOCK_FILE
    renew(schema.version(), file)
    found = parsed(file.read_text(encoding="utf-8"))
    assert found
    assert (found.version, found.hashes <= locked().hashes) == (schema.version(), True)
    file.write_text(lock(schema.version(), OTHER), encoding="utf-8")
    with pytest.raises(OpsError, match="doesn't match any of the checksums"):
        renew(schema.version(), file)
    assert file.read_text(encoding="utf-8") == lock(schema.version(), OTHER)
