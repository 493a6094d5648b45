"""What a shell has set for Terraform doesn't change what a command does."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch
from urllib.request import getproxies_environment

import pytest

from ops.errors import OpsError
from ops.plan_gate.model import PlanError
from ops.plan_gate.reading import as_json
from ops.terraform.inherited import inherited
from ops.terraform.process import Terraform
from ops.terraform.session import variables
from tests.cases import every_case

CHANGING = (
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_plan",
    "TF_VAR_region",
    "TF_REATTACH_PROVIDERS",
    "TF_STATE_PERSIST_INTERVAL",
    "TF_INPUT",
    "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
    "TF_AWS_DEFAULT_TAGS_Owner",
    "TF_AWS_IGNORE_TAGS_KEY_PREFIXES",
    "TF_ENCRYPTION",
    "TF_SOMETHING_OF_A_LATER_VERSION",
    "AWS_S3_ENDPOINT",
    "AWS_SSE_CUSTOMER_KEY",
)
HARMLESS = (
    "PATH",
    "HOME",
    "HTTPS_PROXY",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_TOKEN_registry_example_com",
    "TFENV_ARCH",
)


@every_case("name", CHANGING)
def test_what_changes_a_plan_or_its_state_is_removed_and_named(name: str) -> None:
    found = inherited({name: "a value", "PATH": "/bin"})
    assert found.kept == {"PATH": "/bin"}
    assert found.removed == (name,)
    assert name in str(found)
    assert "a value" not in str(found)


@every_case("name", HARMLESS)
def test_everything_else_reaches_terraform(name: str) -> None:
    assert inherited({name: "a value"}) == ({name: "a value"}, ())


def test_automation_is_ours_anyway() -> None:
    assert inherited({"TF_IN_AUTOMATION": "true"}) == ({}, ())


def test_a_log_needs_a_file_of_its_own() -> None:
    """Without one, it would be part of the error messages."""
    assert inherited({"TF_LOG": "trace", "TF_LOG_CORE": "trace"}).removed == ("TF_LOG", "TF_LOG_CORE")
    given = {"TF_LOG": "info", "TF_LOG_CORE": "trace", "TF_LOG_PATH": "log"}
    assert inherited(given) == (given, ())


@every_case("level", ["trace", "DEBUG", "json", "nonsense"])
@every_case("name", ["TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_PROVIDER_AWS", "TF_LOG_SDK"])
def test_secrets_reach_no_log(name: str, level: str) -> None:
    """At these levels, the provider logs requests: the database's password and the value of a secret are in them."""
    found = inherited({name: level, "TF_LOG_PATH": "log", "TF_WORKSPACE": "left"})
    assert found.removed == (name, "TF_WORKSPACE")
    assert f"without {name} of this shell, since the provider's log has secrets" in str(found)
    assert "without TF_WORKSPACE of this shell, so that plan and state don't depend on it" in str(found)


def test_terraform_uses_the_proxies_that_boto3_uses() -> None:
    """Where both spellings are set, Python takes the lower case and Go the upper one."""
    given = {
        **{"https_proxy": "http://one:1", "HTTPS_PROXY": "http://two:2"},
        **{"http_proxy": "", "HTTP_PROXY": "http://two:2", "no_proxy": ".example.com"},
    }
    with patch.dict(os.environ, given, clear=True):
        ours = getproxies_environment()
        kept, removed = inherited()
    assert kept == {f"{name.upper()}_PROXY": value for name, value in ours.items()}
    assert kept == {"HTTPS_PROXY": "http://one:1", "NO_PROXY": ".example.com"}
    assert not removed


HCL = """
# dev_overrides { "hashicorp/aws" = "/planted" }
provider_installation {
  dev_overrides {
    "PROVIDER" = "/planted"
  }
  direct {}
}
"""
JSON = '{"provider_installation": [{"dev_overrides": [{"PROVIDER": "/planted"}], "direct": {}}]}'


@pytest.mark.parametrize("text", [HCL, JSON], ids=["HCL", "JSON"])
@pytest.mark.parametrize(
    "place",
    [
        {".terraformrc": {}},
        {".terraform.d/mine.tfrc": {}},
        {".terraform.d/mine.tfrc.json": {}},
        {"elsewhere": {"TF_CLI_CONFIG_FILE": "elsewhere"}},
        {"elsewhere": {"TERRAFORM_CONFIG": "elsewhere"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("provider", ["hashicorp/aws", "registry.terraform.io/HashiCorp/AWS"])
def test_a_provider_of_ones_own_is_refused(
    tmp_path: Path, text: str, place: dict[str, dict[str, str]], provider: str
) -> None:
    """Terraform would plan and apply with it, and checks neither its version nor its hash."""
    ((name, variables),) = place.items()
    (tmp_path / ".terraform.d").mkdir()
    given = {"HOME": str(tmp_path), **{key: str(tmp_path / value) for key, value in variables.items()}}
    for other in ("hashicorp/random", "hashicorp/awscc", "example.com/hashicorp/aws-other"):
        (tmp_path / name).write_text(text.replace("PROVIDER", other))
        assert inherited(given).kept == given
    (tmp_path / name).write_text(text.replace("PROVIDER", provider))
    with pytest.raises(OpsError, match=rf"{name} has dev_overrides of hashicorp/aws, .* remove them"):
        inherited(given)
    (tmp_path / "other").touch()
    assert inherited({**given, "TF_CLI_CONFIG_FILE": str(tmp_path / "other")}), "no other file is read then"


def test_settings_without_a_provider_of_ones_own_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".terraformrc").write_text("/*" + HCL.replace("PROVIDER", "hashicorp/aws") + "*/")
    assert inherited({"HOME": str(tmp_path)}).kept == {"HOME": str(tmp_path)}


def test_a_cache_of_ones_own_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terraform ended with a page about its configuration; a relative one was another in each stack's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cache").mkdir()
    for given in ("cache", str(tmp_path / "cache")):
        found = variables(tmp_path / "cdktf.out", inherited({"TF_PLUGIN_CACHE_DIR": given}))
        assert found["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache")
    (tmp_path / "file").touch()
    for given in ("missing", "file"):
        with pytest.raises(OpsError, match=f"TF_PLUGIN_CACHE_DIR is '{given}', which isn't a folder; create it"):
            variables(tmp_path / "cdktf.out", inherited({"TF_PLUGIN_CACHE_DIR": given}))
    for none in ({}, {"TF_PLUGIN_CACHE_DIR": ""}):
        own = Path(variables(tmp_path / "cdktf.out", inherited(none))["TF_PLUGIN_CACHE_DIR"])
        assert own.is_dir()
        assert own == tmp_path / ".terraform" / "plugin-cache"


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Terraform that writes its variables to a file, which this returns; the shell has some of ours."""
    (tmp_path / "bin").mkdir()
    binary = tmp_path / "bin" / "terraform"
    binary.write_text(f"#!/bin/sh\nenv > '{tmp_path / 'seen'}'\nexit 1\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TF_WORKSPACE", "left")
    monkeypatch.setenv("TF_CLI_ARGS_show", "-no-such-flag")
    return tmp_path / "seen"


def test_no_terraform_gets_them(terraform: Path, tmp_path: Path) -> None:
    """Also that of the plan gate, which shows a saved plan."""
    Terraform().run(tmp_path, "version")
    seen = terraform.read_text()
    with pytest.raises(PlanError):
        as_json(b"PK", tmp_path / "saved.tfplan")
    for each in (seen, terraform.read_text()):
        assert "PATH=" in each
        assert "TF_WORKSPACE" not in each
        assert "TF_CLI_ARGS" not in each
