"""The command line: exit codes, streams, reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.__main__ import app
from tests.plan_gate.plans import Body, allow, change, plan, policy

ROOT = Path(__file__).parents[2]
KEPT = plan(change("aws_sns_topic.a", None, {"name": "a"}))
LOST = plan(change("aws_s3_bucket.a", {"bucket": "a"}))
WIDER = plan(change("aws_iam_role_policy.a", None, {"role": "a", "policy": policy(allow())}))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What synth made."""
    (tmp_path / "cdktf.out").mkdir()
    return tmp_path / "cdktf.out"


def call(out: Path, document: Body | bytes, *arguments: str, file: str = "prod-data.json") -> Result:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    path = out.parent / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return CliRunner().invoke(app, ["gate-plan", str(path), "--out", str(out), *arguments])


def report(out: Path, name: str = "prod-data") -> Body:
    body: Body = json.loads((out / "reports" / f"plan-{name}.json").read_text(encoding="utf-8"))
    return body


def test_clean_is_0(out: Path) -> None:
    result = call(out, KEPT)
    assert (result.exit_code, result.stdout) == (0, "plan gate: clean. prod-data: 1 to create\n")
    assert report(out)["outcome"] == "clean"
    assert len(report(out)["sha256"]) == 64


def test_refused_is_1(out: Path) -> None:
    result = call(out, LOST)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "LOSS   aws_s3_bucket.a · would be deleted; that loses its objects and its name",
        "       keep the resource; docs/gate.md shows how to remove one on purpose",
        "plan gate: refused. prod-data: 1 to delete",
    ]
    assert report(out)["findings"][0]["kind"] == "stateful"
    assert "| `aws_s3_bucket.a` | would be deleted" in (out / "reports" / "plan-prod-data.md").read_text(
        encoding="utf-8"
    )


def test_the_report_has_the_addresses_of_each_action(out: Path) -> None:
    new = [change(f"aws_sns_topic.{name}", None, {"name": name}) for name in ("b", "a")]
    replaced = change("aws_sqs_queue.a", {"name": "a"}, {"name": "b"}, actions=("delete", "create"))
    call(out, plan(*new, replaced, change("aws_sns_topic.old", {"name": "old"})))
    assert report(out)["changes"] == {
        "create": ["aws_sns_topic.a", "aws_sns_topic.b"],
        "replace": ["aws_sqs_queue.a"],
        "delete": ["aws_sns_topic.old"],
    }
    assert report(out)["counts"] == {"create": 2, "replace": 1, "delete": 1}


def test_a_widening_needs_its_flag(out: Path) -> None:
    refused = call(out, WIDER)
    assert refused.exit_code == 1
    assert "--approve-widening" in refused.stdout
    approved = call(out, WIDER, "--approve-widening")
    assert approved.exit_code == 0
    assert "WIDER  aws_iam_role_policy.a" in approved.stdout, "what is approved is shown"
    assert "(approved)" in approved.stdout
    assert report(out)["approved"] == ["widening"]


def test_approval_of_a_widening_is_none_of_a_loss(out: Path) -> None:
    assert call(out, LOST, "--approve-widening").exit_code == 1


def test_an_error_is_2_and_replaces_an_earlier_report(out: Path) -> None:
    assert call(out, KEPT).exit_code == 0
    result = call(out, json.dumps(KEPT).encode()[:-9])
    assert result.exit_code == 2
    assert result.stdout.startswith("plan gate: prod-data can't be judged: it isn't complete JSON")
    assert len(result.stdout.splitlines()) == 1
    assert report(out)["exit_code"] == 2
    assert "can't be judged" in (out / "reports" / "plan-prod-data.md").read_text(encoding="utf-8")


def test_a_missing_file_is_2(out: Path) -> None:
    result = CliRunner().invoke(app, ["gate-plan", "nowhere.json", "--out", str(out)])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: nowhere.json: No such file or directory")


def test_standard_input(out: Path) -> None:
    result = CliRunner().invoke(
        app, ["gate-plan", "-", "--name", "prod/data", "--out", str(out)], input=json.dumps(LOST).encode()
    )
    assert result.exit_code == 1
    assert report(out, "prod-data")["plan"] == "prod-data"


def test_a_file_of_a_general_name_is_called_by_its_folder(out: Path) -> None:
    assert call(out, KEPT, file="staging-edge/plan.json").exit_code == 0
    assert report(out, "staging-edge")["outcome"] == "clean"


def test_json_is_alone_on_stdout(out: Path) -> None:
    result = call(out, LOST, "--json")
    assert json.loads(result.stdout) == report(out)
    assert "plan gate: refused" in result.stderr


def test_a_mistyped_folder_is_not_made(out: Path) -> None:
    assert call(out, KEPT, "--out", str(out / "typo")).exit_code == 0
    assert not (out / "typo").exists()


def test_the_console_is_short(out: Path) -> None:
    many = plan(*(change(f"aws_s3_bucket.a{number}", {"bucket": "a"}) for number in range(50)))
    lines = call(out, many).stdout.splitlines()
    assert len(lines) == 15
    assert "… and 38 more in cdktf.out/reports/plan-prod-data.md" in lines[12]
    assert len(report(out)["findings"]) == 50


@pytest.mark.slow
def test_the_command_does_not_load_checkov(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(KEPT), encoding="utf-8")
    program = f"import sys; sys.argv = ['ops', 'gate-plan', {str(file)!r}, '--out', {str(tmp_path / 'no')!r}]\n" + (
        "try:\n    import runpy; runpy.run_module('ops', run_name='__main__')\n"
        "except SystemExit:\n    print(*sorted({'checkov', 'cdktf'} & sys.modules.keys()), 'loaded')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded"
