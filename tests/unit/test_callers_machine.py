"""A machine as operators have them: variables of other programs, no home folder, no space, a wrong clock, no git."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import typer
from botocore.exceptions import ClientError

import environments
import main
from modules.interrupts import SIGNALS, Interrupted
from ops import files, pages, versions
from ops.aws.errors import reason
from ops.aws.session import elsewhere
from ops.command import reporting
from ops.cost import renew
from ops.errors import OpsError
from ops.gate import reports
from ops.golive import items
from ops.registry.repository import Repository
from ops.release import file as release_file
from ops.terraform.saved import UNKNOWN, commit
from tests.ops import cli

ROOT = Path(__file__).parents[2]
OTHER_PYTHON = {
    "PYTHONHOME": "/missing",
    "PYTHONPATH": "/planted",
    "PYTHONSAFEPATH": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "PYTHONIOENCODING": "ascii:strict",
    "PYTHONUTF8": "2",
    "PYTHONMALLOC": "unknown",
    "PYTHONHASHSEED": "x",
}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def shadowed(tmp_path: Path) -> dict[str, str]:
    """Variables of another Python, whose folder has a package that ours use too."""
    (tmp_path / "typer.py").write_text("raise SystemExit('of the other Python')")
    return {**OTHER_PYTHON, "PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("command", [("bin/ops", "account", "prod"), ("make", "phase", "ENV=prod", "PHASE=data")])
def test_variables_of_another_python_are_removed(shadowed: dict[str, str], command: tuple[str, ...]) -> None:
    done = run(*command, **shadowed)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.parametrize("home", ["/dev/null", "/proc", "/proc/missing"])
def test_without_a_home_folder_jsii_keeps_nothing(home: str) -> None:
    shown = "import modules.bindings, os; print(os.environ.get('JSII_RUNTIME_PACKAGE_CACHE'))"
    kept = {"JSII_RUNTIME_PACKAGE_CACHE": "enabled", "JSII_RUNTIME_PACKAGE_CACHE_ROOT": ""}
    done = run(sys.executable, "-c", shown, **kept, HOME=home, ENGINE="node")
    assert done.stdout == "disabled\n"
    assert done.stderr.startswith("warning: synthesis is slower than it can be: jsii can't keep its packages (")
    assert done.stderr.endswith("set JSII_RUNTIME_PACKAGE_CACHE_ROOT to a folder that you can write to\n")


def test_with_a_cache_folder_of_its_own_jsii_needs_no_home_folder(tmp_path: Path) -> None:
    shown = "import modules.bindings, os; print(os.environ['JSII_RUNTIME_PACKAGE_CACHE'])"
    kept = {"JSII_RUNTIME_PACKAGE_CACHE": "enabled", "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "cache")}
    done = run(sys.executable, "-c", shown, **kept, HOME="/dev/null", ENGINE="node")
    assert (done.stdout, done.stderr) == ("enabled\n", "")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["python", "node"])
def test_synthesis_works_without_a_home_folder(engine: str, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = run(sys.executable, "-O", "main.py", "prod", HOME="/dev/null", CDKTF_OUTDIR=out, ENGINE=engine)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "stacks" / "prod-network" / "cdk.tf.json").exists()


def test_a_full_disk_is_one_line_of_synthesis(tmp_path: Path) -> None:
    done = subprocess.run(
        # Python 3.11 would keep half of a module's bytecode, and other processes would load it: -B writes none.
        [sys.executable, "-B", "-O", "main.py", "prod"],
        cwd=ROOT,
        env={**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "error: the stacks can't be written: [Errno 27] File too large\n")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.EROFS, "Read-only file system", "cdktf.out"), "[Errno 30] Read-only file system: 'cdktf.out'"),
        (RuntimeError("JSII: ENOSPC: no space left on device, write"), "ENOSPC: no space left on device, write"),
    ],
)
def test_a_disk_error_of_python_or_node_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, shown: str
) -> None:
    def failing(_: str) -> None:
        raise error

    monkeypatch.setattr(environments, "load", failing)
    assert main.main(["prod"]) == 2
    assert capsys.readouterr().err == f"error: the stacks can't be written: {shown}\n"


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: str) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(environments, "load", failing)
    with pytest.raises(RuntimeError):
        main.main(["prod"])


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a file"), "error: a file: No space left on device"),
        (OSError(errno.EXDEV, "Invalid link", "one", None, "two"), "error: one → two: Invalid link"),
        (OSError("nothing more"), "error: nothing more"),
    ],
)
def test_a_disk_error_of_a_command_is_one_line(capsys: pytest.CaptureFixture[str], error: OSError, shown: str) -> None:
    with pytest.raises(typer.Exit) as ended, reporting():
        raise error
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == f"{shown}\n"


@pytest.mark.parametrize("command", [("gate", "prod"), ("gate-plan", "-"), ("new-environment", "demo")])
@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a file"), 2, "error: a file: No space left on device\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (Interrupted(signal.SIGTERM), 143, "interrupted by SIGTERM\n"),
    ],
)
def test_no_command_takes_a_full_disk_or_a_signal_for_a_finding(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], error: BaseException, code: int, shown: str
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    for place in ("ops.gate.run.run", "ops.plan_gate.run.run", "ops.scaffold.write.new_environment"):
        monkeypatch.setattr(place, failing)
    done = cli.run(*command)
    assert (done.exit_code, done.stderr) == (code, shown)


def test_a_redirect_takes_no_password_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login someone password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = Repository("https://1.dkr.ecr.example.com", "app", ("AWS", "hunter2"))._session
    assert session.trust_env, "it needs the caller's proxies"
    redirect = requests.Response()
    redirect.request = requests.Request("GET", "https://1.dkr.ecr.example.com/v2/app/blobs/1").prepare()
    for address, expected in (("https://1.dkr.ecr.example.com/2", "Basic"), ("https://bucket.s3.example.com/1", "")):
        request = requests.Request("GET", address, headers={"Authorization": "Basic given"}).prepare()
        session.rebuild_auth(request, redirect)
        assert str(request.headers.get("Authorization", "")).partition(" ")[0] == expected
    assert session.trust_env


@pytest.mark.parametrize("command", [("-m", "ops", "risks", "prod"), ("-m", "ops", "gate", "--help")])
def test_output_that_is_no_longer_read_is_neither_an_error_nor_a_finding(command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_another_pipe_that_is_broken_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, reporting():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert (ended.value.exit_code, capsys.readouterr().err) == (2, "error: Broken pipe\n")


def test_synthesis_whose_output_is_no_longer_read_has_written_its_stacks() -> None:
    """It said that the stacks can't be written."""
    done = run("sh", "-c", '"$0" -c "$1" | :', sys.executable, SYNTHESIS.format(does="time.sleep(0.5)"))
    assert done.stderr == f"{128 + signal.SIGPIPE}\n"


SYNTHESIS = """
import os, sys, time, types
sys.modules["modules.documents"] = types.SimpleNamespace(DocumentsTooLongError=ValueError)
sys.modules["modules.synthesis"] = types.SimpleNamespace(
    synthesize=lambda *_, **__: {does}, summary=lambda *_, **__: "summary"
)
import main
from modules.interrupts import install
from modules.process import prepare

prepare()
install()
print(main.main(["prod"]), file=sys.stderr)
"""
"""The program, whose synthesis takes no time."""


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_is_one_line_of_synthesis(number: signal.Signals) -> None:
    done = run(sys.executable, "-c", SYNTHESIS.format(does=f"os.kill(os.getpid(), {int(number)})"))
    assert done.stderr == f"interrupted by {number.name}\n{128 + number}\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_empty_ones(tmp_path: Path, closed: str) -> None:
    """What a program that is started writes as a message would be written into the next file that was opened."""
    program = f"""
import subprocess, sys
from modules.process import prepare
prepare()
with open({str(tmp_path / "file")!r}, "w") as file:
    subprocess.run(["sh", "-c", "echo planted; echo planted >&2"], check=True)
    file.write(f"{{file.fileno() > 2}} {{sys.stdin.isatty()}} {{sys.stdin.read()!r}}")
"""
    run("sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, program)
    assert (tmp_path / "file").read_text() == "True False ''"


def test_without_standard_input_a_question_is_an_error() -> None:
    """It was a traceback."""
    program = """
from modules.process import prepare
from ops.command import confirm, reporting

pytestmark = pytest.mark.slow
prepare()
with reporting():
    confirm("Roll back?", yes=False)
"""
    done = run("sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, program)
    assert done.stderr.startswith("error: Roll back? No terminal to ask on; pass --yes")


@pytest.mark.parametrize(("given", "made"), [("000", 0o644), ("777", 0o600), ("027", 0o640), ("022", 0o644)])
def test_files_are_yours_whatever_the_umask(tmp_path: Path, given: str, made: int) -> None:
    program = f"from modules.process import prepare; prepare(); open({str(tmp_path / 'file')!r}, 'w').close()"
    run("sh", "-c", f'umask {given}; exec "$0" -c "$1"', sys.executable, program)
    assert (tmp_path / "file").stat().st_mode & 0o777 == made


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/missing")
    assert commit() == (UNKNOWN, False)
    with pytest.raises(OpsError, match=r"git isn't installed, .* install git"):
        versions.git("rev-parse", "HEAD", what="git knows no commit 'HEAD'")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z"),
        ("InvalidSignatureException", "Signature not yet current: 20260101T001000Z is still later than 20260101T0000Z"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
        ("RequestExpired", "Request has expired."),
    ],
)
def test_a_wrong_clock_is_named_and_not_the_key(code: str, message: str) -> None:
    words = reason(ClientError({"Error": {"Code": code, "Message": message}}, "GetCallerIdentity"))
    assert words == f"{code}: {message} (this machine's clock differs from AWS's: set it, as with NTP)"


def test_a_wrong_key_is_still_a_possibility() -> None:
    message = "The request signature we calculated does not match the signature you provided."
    words = reason(ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": message}}, "GetCallerIdentity"))
    assert "check the secret key and this machine's clock" in words


def test_an_endpoint_of_one_service_is_reported() -> None:
    """The account's check calls STS only: it doesn't find an S3 that was left in the shell."""
    left = elsewhere({"AWS_ENDPOINT_URL_S3": "http://key:hidden@localhost:9000"})
    assert left == ["AWS_ENDPOINT_URL_S3 sends one service's calls to 'localhost'; unset it if you don't need it"]
    of_vpc = "https://vpce-1.sts.eu-central-1.vpce.amazonaws.com"
    everywhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    assert elsewhere({"AWS_ENDPOINT_URL_STS": of_vpc}) == elsewhere(everywhere) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """Inside this context, no file gets longer than a few bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


WRITERS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: files.write(path, "after, and longer"),
    "a release": lambda path: release_file.Change(path, "new", "old", "before", "after, and longer", "").write(),
    "reports": lambda path: reports.write_files({path.name: "after, and longer"}, path.parent),
    "the go-live list": lambda path: items.write(path, "after, and longer"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_takes_nothing_away(tmp_path: Path, writer: str) -> None:
    """Prices, accepted risks and pages were emptied first; a release's temporary file stayed."""
    path = tmp_path / "file"
    path.write_text("before")
    path.chmod(0o640)
    with full_disk(), pytest.raises((OSError, OpsError), match="File too large"):
        WRITERS[writer](path)
    assert (path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("before", ["file"])
    WRITERS[writer](path)
    assert path.read_text() == "after, and longer"
    assert path.stat().st_mode & 0o777 == 0o640


def test_prices_accepted_risks_and_pages_are_written_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each of them has what you wrote."""
    prices = renew.write("eu-north-1", [], tmp_path)
    before, page = prices.read_text(), tmp_path / "page.md"
    page.write_text("before")
    monkeypatch.setattr(pages, "pages", lambda: {page: "after, and longer"})
    with full_disk():
        for work in (lambda: renew.write("eu-north-1", [], tmp_path), pages.write):
            with pytest.raises(OSError, match="File too large"):
                work()
    assert (prices.read_text(), page.read_text()) == (before, "before")


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    files.write(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "after"
