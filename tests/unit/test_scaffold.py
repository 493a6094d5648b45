"""`make new-product` and `make new-environment` write values that are valid, for any answers, and all files or none."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from keyword import iskeyword
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import environments
from environments import schema
from environments.schema import Environment, Product
from environments.schema.regions import GUARDDUTY, SCHEDULER, SECURITY_HUB, lacks
from environments.schema.regions import names as regions
from environments.schema.validation import validate
from environments.schema.workload import Reachable
from modules.synthesis import synthesize
from ops.__main__ import app
from ops.errors import OpsError
from ops.scaffold import answers as parse
from ops.scaffold import build, files, register, source
from ops.scaffold.answers import SIZES, Answers, Job, Workload, ZoneChoice
from ops.scaffold.build import STANDARD, STARTER
from ops.scaffold.write import new_environment, new_product
from tests.cases import every_case
from tests.products import AEP, SHAPES, SUBJECTS, values
from tests.shapes import PROD

ROOT = Path(__file__).parents[2]
RICH = (
    "--service",
    "api port=8000 paths=/api/*,/health health=/health size=medium internet=yes",
    "--service",
    "web port=3000",
    "--worker",
    "mailer command='python -m shop.mailer' internet=yes stores=database",
    "--schedule",
    "invoices when='cron(15 3 * * ? *)' command='python -m shop.invoices'",
    "--database",
    "--cache",
    "--region",
    "eu-central-1",
)
NAMES = st.from_regex(r"[a-z][a-z0-9]{1,3}(-[a-z0-9]{1,2})?", fullmatch=True).filter(
    lambda name: not iskeyword(name) and name not in environments.RESERVED
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of values."""
    (tmp_path / "values").mkdir()
    return tmp_path / "values"


@pytest.fixture
def beside_aep(folder: Path) -> Path:
    """A folder of values with AEP."""
    shutil.copytree(AEP, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    return folder


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command of ops in this process, without a terminal: its exit code, and all that it printed."""
    with values(folder):
        done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


def load(folder: Path) -> dict[str, Environment]:
    with values(folder):
        return {environment.name: environment for environment in environments.load_all()}


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    before = content(folder)
    yield
    assert content(folder) == before
    assert not list(folder.glob(".new-*"))


@st.composite
def anything(draw: st.DrawFn) -> Answers:
    """Answers of any shape that a product may have."""
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    name, others = names[0], names[1:]
    sizes = st.sampled_from([*SIZES.values()])
    shapes: list[tuple[Reachable, ...]] = [(), ("database",), ("cache",), ("database", "cache")]
    stores = draw(st.sampled_from(shapes))
    used = st.sampled_from([None, (), stores])
    services = [
        Workload(
            name=each,
            port=draw(st.integers(1, 65535)),
            paths=("/*",) if index == 0 else (f"/{each}/*", f"/{each}"),
            health=draw(st.sampled_from(["/", f"/{each}/health"])),
            size=draw(sizes),
            internet=draw(st.booleans()),
            stores=draw(used),
        )
        for index, each in enumerate(others[:3])
    ]
    extra = [
        Workload(name=each, size=draw(sizes), internet=draw(st.booleans()), command=("run", "it's"))
        for each in others[3:4]
    ]
    jobs = [Job(name=each, when="rate(1 day)", command=("python", "-c", 'print("x")')) for each in others[4:5]]
    account = st.sampled_from(["210987654321", "310987654321"])
    host = draw(st.sampled_from([None, "shop.example.org", "example.org"]))
    zone = st.sampled_from(
        [
            ZoneChoice(),
            ZoneChoice(kind="existing", id="Z0123456789ABC"),
            ZoneChoice(kind="other_account", id="Z0123456789ABC", role="arn:aws:iam::410987654321:role/dns"),
        ]
    )
    return Answers(
        name=name,
        services=tuple(services),
        workers=tuple(extra),
        schedules=tuple(jobs),
        stores=stores,
        host=host,
        zone=draw(zone),
        region=draw(st.sampled_from([None, *(each for each in regions() if not (jobs and lacks(each, SCHEDULER)))])),
        accounts=draw(st.fixed_dictionaries({}, optional={"staging": account, "prod": account})),
        repository=draw(st.sampled_from([None, "example/shop"])),
        email=draw(st.sampled_from([None, "on-call@example.org"])),
    )


def written(answers: Answers, folder: Path) -> dict[str, Environment]:
    with values(folder):
        new_product(answers)
    return load(folder)


@pytest.mark.slow
@settings(max_examples=25)
@given(anything())
@example(Answers(name="shop"))
def test_any_product_is_written_as_it_was_asked_for(answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        loaded = written(answers, Path(temporary))
        accepted = tomllib.loads((Path(temporary) / "risks" / f"{answers.name}.toml").read_text(encoding="utf-8"))
    assert sorted(loaded) == sorted(f"{answers.name}-{stage}" for stage in ("staging", "prod-starter", "prod"))
    prod = loaded[f"{answers.name}-prod"]
    wanted = [*(answers.services or [Workload(name="web")]), *answers.workers]
    assert [service.name for service in prod.product.services] == [each.name for each in wanted]
    if answers.services:
        for service, asked in zip(prod.product.services, wanted, strict=True):
            assert (service.port, service.paths, service.internet) == (asked.port, asked.paths, asked.internet)
            assert (service.cpu, service.memory, service.command) == (*asked.size, asked.command)
            others = [each for each in answers.services if each.name != asked.name]
            page = asked.paths == ("/*",) and any(each.paths != ("/*",) for each in others)
            assert service.reaches == ((() if page else answers.stores) if asked.stores is None else asked.stores)
    assert [task.schedule for task in prod.product.scheduled_tasks] == [job.when for job in answers.schedules]
    assert {environment.region for environment in loaded.values()} == {answers.region or "us-east-1"}
    assert prod.edge.host == (answers.host or f"{answers.name}.example.com")
    assert bool(prod.nat_zones) == any(service.internet for service in prod.product.services)
    for stage, account in answers.accounts.items():
        assert loaded[f"{answers.name}-{stage}"].account_id == account
    entries = [
        (name, risk)
        for entry in accepted.get("risk", [])
        for name in entry.get("environments", ())
        for risk in entry["profile_risks"]
    ]
    declared = [(environment.name, risk) for environment in loaded.values() for risk in environment.accepted_risks]
    assert sorted(entries) == sorted(declared)


@pytest.mark.parametrize(
    "options",
    [(), RICH, ("--cache", "--staging-account", "1" * 12, "--prod-account", "1" * 12)],
    ids=["name only", "rich", "one account"],
)
def test_what_is_written_synthesizes(folder: Path, options: Sequence[str], tmp_path: Path) -> None:
    code, printed = run(folder, "new-product", "shop", "--yes", *options)
    assert code == 0, printed
    loaded = load(folder)
    with values(folder):
        synthesize([loaded["shop-staging"], loaded["shop-prod-starter"]], tmp_path / "out", organization=False)
    stacks = tmp_path / "out" / "stacks"
    assert (stacks / "shop-prod-starter-services" / "cdk.tf.json").is_file()
    for name in ("shop-staging", "shop-prod-starter"):
        data = json.loads((stacks / f"{name}-data" / "cdk.tf.json").read_text(encoding="utf-8"))
        caches = data.get("resource", {}).get("aws_elasticache_replication_group", {}).values()
        assert [each["engine"] for each in caches] == ["valkey"] * ("--cache" in options)
        network = json.loads((stacks / f"{name}-network" / "cdk.tf.json").read_text(encoding="utf-8"))
        endpoints = network["resource"]["aws_vpc_endpoint"].values()
        interfaces = [each for each in endpoints if each["vpc_endpoint_type"] == "Interface"]
        assert {len(each["subnet_ids"]) for each in interfaces} == {1}
        found = {each["service_name"].split(".", 3)[3] for each in interfaces}
        secrets = {"secretsmanager"} if any(each.secrets for each in loaded[name].product.services) else set()
        assert found == {"ecr.api", "ecr.dkr", "logs", "guardduty-data"} | secrets


@pytest.mark.slow
@settings(max_examples=12)
@given(anything())
def test_any_product_synthesizes(answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory() as out:
        loaded = written(answers, Path(temporary))
        with values(Path(temporary)):
            synthesize([*loaded.values()], Path(out), organization=False)


@pytest.mark.parametrize("options", [(), RICH], ids=["name only", "rich"])
def test_what_is_written_has_the_project_s_format(folder: Path, options: Sequence[str]) -> None:
    assert run(folder, "new-product", "my-shop", "--yes", *options)[0] == 0
    with values(folder):
        new_environment("my-shop-load-test")
    for command in (("format", "--check"), ("check", "--isolated", "--line-length=120", "--select=E,F")):
        done = subprocess.run(
            [Path(sys.executable).parent / "ruff", *command, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_source_is_the_value() -> None:
    for subject in SUBJECTS:
        for value in (subject.environment.product, subject.environment.profile, subject.environment.edge):
            scope = dict(vars(schema))
            exec(source.assignment("VALUE", value), scope)
            assert scope["VALUE"] == value


def test_it_is_written_beside_another_product(beside_aep: Path) -> None:
    before = load(beside_aep)
    code, printed = run(beside_aep, "new-product", "shop", "--yes", *RICH)
    assert code == 0, printed
    loaded = load(beside_aep)
    assert {name: loaded[name] for name in before} == before
    assert loaded["shop-prod"].profile == before["prod"].profile, "the folder's profiles are used"


def test_an_account_that_another_product_uses_is_shared(beside_aep: Path) -> None:
    account, region = (getattr(load(beside_aep)["staging"], field) for field in ("account_id", "region"))
    options = ("--staging-account", account, "--region", region)
    code, printed = run(beside_aep, "new-product", "shop", "--yes", *options)
    assert code == 0, printed
    assert load(beside_aep)["shop-staging"].account_resources_from == "aep-staging"


def test_both_stages_may_have_one_account(folder: Path) -> None:
    options = ("--staging-account", "210987654321", "--prod-account", "210987654321")
    code, printed = run(folder, "new-product", "shop", "--yes", *options)
    assert code == 0, printed
    prod = load(folder)["shop-prod"]
    assert (prod.account_resources_from, prod.registry.source_account) == ("shop-staging", "210987654321")


@pytest.mark.parametrize("region", ["ap-southeast-5", "ap-southeast-7", "mx-central-1"])
def test_what_the_region_lacks_is_off_and_accepted_in_each_account(folder: Path, region: str) -> None:
    assert run(folder, "new-product", "shop", "--yes", "--region", region)[0] == 0
    assert run(folder, "new-environment", "shop-demo")[0] == 0
    loaded = load(folder)
    entries = tomllib.loads((folder / "risks" / "shop.toml").read_text(encoding="utf-8"))["risk"]
    for part, check, service in (
        ("guardduty", "CKV_ROLLOUT_39", GUARDDUTY),
        ("security_hub", "CKV_ROLLOUT_42", SECURITY_HUB),
    ):
        off = {name for name, environment in loaded.items() if not getattr(environment.audit, part)}
        assert off == (set(loaded) if lacks(region, service) else set())
        covered = [stack for entry in entries if check in entry.get("checks", ()) for stack in entry["stacks"]]
        assert sorted(covered) == sorted(f"{name}-account" for name in off), "a wider entry covers checks that pass"
    assert not any(environment.profile.guardduty_agent for environment in loaded.values())
    assert not [entry for entry in entries if "GuardDuty watches" in entry["compensation"]]


@pytest.mark.parametrize("region", ["ap-southeast-5", "ap-southeast-7", "mx-central-1"])
def test_both_stages_may_have_one_account_where_a_region_lacks_services(folder: Path, region: str) -> None:
    account = "210987654321"
    options = ("--region", region, "--staging-account", account, "--prod-account", account)
    code, printed = run(folder, "new-product", "shop", "--yes", *options)
    assert code == 0, printed
    assert load(folder)["shop-prod"].account_resources_from == "shop-staging"


def test_profiles_are_written_where_there_are_none(folder: Path) -> None:
    with patch("ops.scaffold.write.find_spec", return_value=None), values(folder):
        new_product(
            Answers(name="shop", services=(Workload(name="web", port=80, paths=("/*",), health="/", internet=True),))
        )
    assert load(folder)["shop-prod"].profile == STANDARD
    assert (folder / "profiles.py").is_file()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "what follows new-product is empty"),
        ("Shop", "lower-case words"),
        ("../shop", "lower-case words"),
        ("1shop", "lower-case words"),
        ("schema", "uses the name schema"),
        ("all", "ENV=all"),
        ("releases", "uses the name releases"),
        ("profiles", "uses the name profiles"),
        ("class", "keyword of Python"),
        ("standard", "has a name STANDARD"),
        ("environment", "has a name ENVIRONMENT"),
        ("aep", "aep.py exists"),
        ("a-product-with-a-very-long-name", "NAME: 'a-product-with-a-very-long-name-staging': makes the load balancer"),
        ("a-product-with-a-long-name", "NAME: 'a-product-with-a-long-name-staging"),
    ],
)
def test_a_product_s_name_that_is_not_allowed_is_refused(beside_aep: Path, name: str, why: str) -> None:
    with unchanged(beside_aep):
        code, printed = run(beside_aep, "new-product", name, "--yes")
    assert code == 2
    assert why in printed
    assert printed.startswith("error: ")
    assert "Traceback" not in printed


@every_case(
    ("options", "problem"),
    [
        (("--service", "api prt=80"), "no key 'prt'; did you mean port?"),
        (("--service", "port=80"), "needs name; such as --service"),
        (("--service", "api port=no"), "port=no: must be a number"),
        (("--service", "api port=70000"), "--service 'api': port: 70000"),
        (("--service", "api api"), "'api' must be KEY=VALUE"),
        (("--service", "api port=1 port=2"), "port is given twice"),
        (("--service", "api 'x"), "No closing quotation"),
        (("--service", "api size=smal"), "did you mean small?"),
        (("--service", "api size=256/999"), "with 256 CPU units Fargate offers"),
        (("--service", "api internet=maybe"), "must be yes or no"),
        (("--service", "api stores=databse"), "did you mean database?"),
        (("--service", "api", "--service", "web"), 'exactly one service without a host of its own has the path "/*"'),
        (("--service", "api", "--service", "api paths=/x"), "unique names"),
        (("--worker", "mailer"), "needs command"),
        (("--schedule", "x when='rate(1 days)' command=x"), "--schedule 'x': when: 'rate(1 days)'"),
        (("--schedule", "x when='rate(1 day)' command=x service=no"), "product.services defines web"),
        (("--zone", "existng"), "did you mean existing?"),
        (("--zone", "existing"), "needs id"),
        (("--zone", "existing id=Z0123456789ABC name=other.org"), "must be in the zone other.org"),
        (("--region", "us-est-1"), "--region 'us-est-1': must be an AWS region"),
        (("--host", "Shop!"), "--host 'Shop!': must be a lower-case DNS name"),
        (("--staging-account", "123"), "--staging-account '123': must be 12 digits"),
        (("--repository", "shop"), "--repository 'shop': must be a GitHub repository"),
        (("--email", "not-an-address"), "--email 'not-an-address': must be an e-mail address"),
        (("--zone", "existing id=bad"), "--zone: id: 'bad': must be a hosted zone id"),
        (("--host", "shop.local"), "--host: 'staging.shop.local': must be a lower-case name in a public domain"),
        (("--service", "Api"), "--service 'Api': name: must be lower-case words"),
        (("--service", "api size=256/999"), "--service 'api': size: 999"),
        (("--service", "api health=up"), "--service 'api': health: 'up'"),
        (("--service", "database"), "--service 'database': name: 'database': services and scheduled tasks need unique"),
        (("--service", "api", "--service", "web paths=/x", "--service", "w paths=/x"), "--service: paths: '/x'"),
        (("--service", "api", "--worker", "api command=x"), "--service and --worker 'api': 2 have this name"),
        (("--schedule", "web when='rate(1 day)' command=x"), "--service and --schedule 'web': 2 have this name"),
        (("--service", f"api-{'x' * 20}"), f"NAME, --service 'api-{'x' * 20}': 'shop-"),
        *(
            ((option, " "), f"{option} ' ': must have a value")
            for option in ("--email", "--region", "--host", "--zone")
        ),
        (("--service", ""), "what follows --service is empty"),
        (("--service", "api health="), "health has no value; without the key, it has its default"),
        (("--service", "--database"), "--service has no value: --database comes next"),
        (("--no-database", "--service", "api stores=database"), "--no-database: --service 'api' has stores=database"),
        (("--no-cache", "--worker", "m command=x stores=cache"), "--no-cache: --worker 'm' has stores=cache"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_values_that_are_not_allowed_are_refused(folder: Path, options: tuple[str, ...], problem: str) -> None:
    with unchanged(folder):
        code, printed = run(folder, "new-product", "shop", "--yes", *options)
    assert code == 2
    assert problem in printed
    assert printed.count("error: ") == 1
    assert "problems; " not in printed, "one mistake is one problem"


@pytest.mark.parametrize(
    "option", ["--repository", "--host", "--zone", "--region", "--staging-account", "--prod-account", "--email"]
)
def test_an_empty_value_is_not_the_default(folder: Path, option: str) -> None:
    with unchanged(folder):
        code, printed = run(folder, "new-product", "shop", "--yes", option, "")
    assert (code, f"what follows {option} is empty; pass a value" in printed) == (2, True), printed


@pytest.mark.parametrize(
    "command", ["new-product --service --yes -- shop", "new-product --email -- shop", "new-environment --product -- x"]
)
def test_an_option_is_not_the_value_of_the_one_before_it(folder: Path, command: str) -> None:
    """As `make new-product OPTIONS=--service YES=1` passes them."""
    with unchanged(folder):
        code, printed = run(folder, *command.split())
    assert (code, "has no value: --" in printed) == (2, True), printed


def test_all_wrong_values_are_listed_together(folder: Path) -> None:
    wrong = ("--region", "x", "--host", "X", "--prod-account", "1", "--email", "x", "--zone", "existing id=x")
    code, printed = run(folder, "new-product", "shop", "--yes", *wrong)
    assert code == 2
    assert "5 problems; nothing was written" in printed


def test_without_a_terminal_one_error_names_all_that_is_missing(folder: Path) -> None:
    with unchanged(folder):
        code, printed = run(folder, "new-product", "shop", "--host", "shop.example.com")
    assert code == 2
    assert "--service, --repository, --region, --staging-account, --prod-account; pass them" in printed


def typed(folder: Path, lines: Sequence[str], *arguments: str) -> tuple[int, str]:
    """Run a command with a terminal on which these lines are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        cwd=ROOT,
        env={**os.environ, "ENVIRONMENTS": str(folder)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in lines).encode())
    printed, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, printed


@pytest.mark.slow
def test_on_a_terminal_it_asks_for_what_is_not_given(folder: Path) -> None:
    service = ["api", "99x", "/*", "", "", "", ""]
    again = ["api", "8000", "/*", "/health", "", "yes", ""]
    worker = ["y", "mailer", "python -m mailer", "", "", "", "n"]
    stores, repository = ["y", "n"], ["example/shop"]
    host, zone, region = (
        ["shop.example.com"],
        ["existing", "example.com", "Z0123456789ABC"],
        ["eu-cental-1", "eu-central-1"],
    )
    lines = [*service, *again, "n", *worker, "n", *stores, *repository, *host, *zone, *region, "210987654321", ""]
    code, printed = typed(folder, lines, "new-product", "shop")
    assert code == 0, printed
    assert "port=99x: must be a number" in printed
    assert "did you mean eu-central-1?" in printed
    prod = load(folder)["shop-prod"]
    assert [service.name for service in prod.product.services] == ["api", "mailer"]
    assert prod.product.services[1].command == ("python", "-m", "mailer")
    assert (prod.stores, prod.edge.zone.kind, prod.region) == (("database",), "existing", "eu-central-1")
    assert load(folder)["shop-staging"].account_id == "210987654321"


@pytest.mark.slow
def test_an_interrupted_question_writes_nothing(folder: Path) -> None:
    with unchanged(folder):
        code, printed = typed(folder, ["api", "\x04"], "new-product", "shop")
    assert code == 130
    assert "nothing was written" in printed


def test_all_files_are_written_or_none(beside_aep: Path) -> None:
    moved = Path.replace

    def full(source_: Path, target: Path) -> Path:
        if target.suffix == ".toml":
            raise OSError(28, "No space left on device")
        return moved(source_, target)

    with unchanged(beside_aep), patch.object(Path, "replace", full):
        code, printed = run(beside_aep, "new-product", "shop", "--yes")
    assert code == 2
    assert "nothing was written: [Errno 28] No space left on device" in printed


def test_an_interrupt_restores_files_that_existed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    moved = Path.replace

    def interrupted(source_: Path, target: Path) -> Path:
        if target.name == "b":
            raise KeyboardInterrupt
        return moved(source_, target)

    with unchanged(tmp_path), patch.object(Path, "replace", interrupted), pytest.raises(KeyboardInterrupt):
        files.write({tmp_path / "a": "new", tmp_path / "b": "new"}, tmp_path)


@pytest.mark.parametrize("shape", [*SHAPES, AEP], ids=lambda shape: shape.name)
def test_a_new_environment_of_any_product_is_valid(folder: Path, shape: Path) -> None:
    shutil.copytree(shape, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    before = load(folder)
    code, printed = run(folder, "new-environment", "load-test")
    assert code == 0, printed
    loaded = load(folder)
    assert {name: loaded[name] for name in before} == before
    new = loaded["load-test"]
    assert new.account_id not in {each.account_id for each in before.values()}
    accepted = (folder / "risks" / f"{new.product.name}.toml").read_text(encoding="utf-8")
    entries = [entry for entry in tomllib.loads(accepted)["risk"] if "load-test" in entry.get("environments", ())]
    assert sorted(risk for entry in entries for risk in entry["profile_risks"]) == sorted(new.accepted_risks)
    assert len({entry["id"] for entry in tomllib.loads(accepted)["risk"]}) == len(tomllib.loads(accepted)["risk"])


def test_what_to_replace_is_listed_and_the_zone_is_no_placeholder(folder: Path) -> None:
    code, printed = run(folder, "new-product", "shop", "--yes")
    assert (code, "Next: read the accepted risks, and replace what is below each" in printed) == (0, True), printed
    code, printed = run(folder, "new-environment", "shop-demo")
    assert (code, "Next: replace what is below each" in printed) == (0, True), printed
    file = folder / "shop_demo.py"
    marked = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if "# Replace:" in line]
    listed = [line.partition(": ")[2] for line in printed.splitlines() if line.startswith("    line ")]
    assert [f"# Replace: {text}" for text in listed] == marked
    assert "the public name, and its zone." in listed
    zone = load(folder)["shop-demo"].edge.zone
    assert (zone.kind, zone.id) == ("created", None), "an id would be one of nothing"


@pytest.mark.parametrize(
    ("page", "others", "reaches"),
    [
        ("web", ["api paths=/api/*"], ()),
        ("web stores=database", ["api paths=/api/*"], ("database",)),
        ("web", [], ("database",)),
    ],
    ids=["beside an API", "asked for", "alone"],
)
def test_a_page_beside_other_services_reaches_the_database_only_if_asked(
    folder: Path, page: str, others: list[str], reaches: tuple[str, ...]
) -> None:
    options = [word for text in (page, *others) for word in ("--service", text)]
    assert run(folder, "new-product", "shop", "--yes", "--database", *options)[0] == 0
    first, *more = load(folder)["shop-prod"].product.services
    assert (first.reaches, bool(first.secrets)) == (reaches, bool(reaches))
    assert all(service.reaches == ("database",) for service in more)


def test_it_is_written_while_another_environment_is_broken(beside_aep: Path) -> None:
    broken = beside_aep / "prod.py"
    broken.write_text(
        broken.read_text(encoding="utf-8").replace("10.30.0.0/16", "10.0.0.0/16") + "\n]\n", encoding="utf-8"
    )
    code, printed = run(beside_aep, "new-environment", "demo")
    assert code == 0, printed
    with values(beside_aep):
        assert environments.load("demo").network.cidr == "10.1.0.0/16", "also the broken one's range is taken"


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("shop.py", "cpu=256", "cpu=257", "product.services.0.cpu: 257: Fargate offers"),
        ("shop.py", "cpu=256", 'cpu="x"', "product.services.0.cpu: 'x': must be a whole number"),
        ("shop.py", "services=(", "services=(1,", "product.services.0: 1: must be a Service"),
        ("profiles.py", "zone_count=3", "zone_count=4", "profile.zone_count: 4: must be 2 or 3"),
        ("profiles.py", "tasks=Scaling(minimum=2, maximum=6)", "tasks=6", "profile.tasks: 6: must be a Scaling"),
    ],
)
def test_a_value_that_exists_and_is_wrong_is_named_by_file_and_line(
    folder: Path, file: str, old: str, new: str, problem: str
) -> None:
    shutil.copy(AEP / "profiles.py", folder)
    assert run(folder, "new-product", "shop", "--yes")[0] == 0
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines) if old in line)
    lines[number] = lines[number].replace(old, new)
    (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in (folder / file).parent.glob("__pycache__"):
        shutil.rmtree(path)
    with unchanged(folder):
        code, printed = run(folder, "new-environment", "shop-demo")
    assert code == 2
    assert f"{folder / file}:{number + 1}: {problem}" in printed


def test_a_problem_beside_another_product_is_named_by_the_new_one_s_option(beside_aep: Path) -> None:
    account = load(beside_aep)["prod"].account_id
    for arguments, problem in (
        (("aep-shop", "--prod-account", account), "NAME: 'aep-shop-prod': one whose names don't match prod's"),
        (("shop", "--prod-account", account, "--region", "eu-central-1"), "--prod-account: account_resources_from"),
        (
            ("shop", "--prod-account", account, "--service", "web internet=yes"),
            "--prod-account: quotas.elastic_ips: 5: enough for all NAT gateways",
        ),
        (("shop", "--host", "app.navralabs.com"), "--host: 'app.navralabs.com': another one"),
    ):
        with unchanged(beside_aep):
            code, printed = run(beside_aep, "new-product", *arguments, "--yes")
        assert (code, problem in printed) == (2, True), printed


def test_the_product_is_the_only_one_or_named(beside_aep: Path) -> None:
    assert run(beside_aep, "new-product", "shop", "--yes")[0] == 0
    for arguments, problem in (((), "name the product: PRODUCT="), (("--product", "shp"), "did you mean shop?")):
        with unchanged(beside_aep):
            code, printed = run(beside_aep, "new-environment", "shop-demo", *arguments)
        assert (code, problem in printed) == (2, True), printed
    assert run(beside_aep, "new-environment", "shop-demo", "--product", "shop")[0] == 0
    assert load(beside_aep)["shop-demo"].prefix == "shop-demo"


def test_without_a_product_there_is_no_new_environment(folder: Path) -> None:
    code, printed = run(folder, "new-environment", "demo")
    assert (code, "make new-product NAME=shop" in printed) == (2, True)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((name, "lower-case words") for name in ("", "Demo", "de mo", "-demo", "../demo", "1demo")),
        *((name, "exists") for name in ("prod", "prod-starter", "aep")),
        *((name, "uses the name") for name in ("names", "schema", "releases", "organization")),
        ("all", "ENV=all"),
        ("an-environment-with-a-very-long-name", "NAME: 'aep-an-environment-with-a-very-long-name': makes the load"),
        ("import", "keyword"),
    ],
)
def test_an_environment_s_name_that_is_not_allowed_is_refused(beside_aep: Path, name: str, why: str) -> None:
    with unchanged(beside_aep):
        code, printed = run(beside_aep, "new-environment", "--", name)
    assert code == 2
    assert why in printed
    assert printed.startswith("error: ")


def test_files_do_not_name_another_product(folder: Path) -> None:
    assert run(folder, "new-product", "shop", "--yes", *RICH)[0] == 0
    assert not [path for path, text in content(folder).items() if b"aep" in text.lower()]


def test_examples_of_the_options_can_be_typed() -> None:
    for option, text in parse.EXAMPLES.items():
        _, _, given = text.partition(" ")
        assert getattr(parse, option)(given.removeprefix('"').removesuffix('"'))


def services_with(**changes: Any) -> Product:
    """AEP, with changes to its service without internet."""
    backend, frontend = PROD.product.services
    return replace(PROD.product, services=(backend, replace(frontend, **changes)))


WITHOUT_SECRETS = replace(
    PROD.product, services=tuple(replace(each, secrets=(), metrics_namespace=None) for each in PROD.product.services)
)
FEW = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")


@pytest.mark.requirement("R11.1")
@every_case(
    ("chosen", "product", "fitted"),
    [
        (FEW, PROD.product, FEW),
        (FEW, WITHOUT_SECRETS, FEW[:-1]),
        ((*FEW, "monitoring"), WITHOUT_SECRETS, FEW[:-1]),
        (FEW, services_with(metrics_namespace="Web"), (*FEW, "monitoring")),
        (FEW, services_with(metrics_namespace="Web", internet=True), FEW),
        (("logs", "sts"), PROD.product, ("logs", "sts", "ecr.api", "ecr.dkr")),
        (None, PROD.product, None),
    ],
    ids=["the same", "no secrets", "no metrics", "metrics", "metrics through NAT", "images", "default"],
)
def test_a_product_gets_the_profiles_endpoints_that_it_uses_and_those_that_it_needs(
    chosen: Any, product: Product, fitted: tuple[str, ...] | None
) -> None:
    profile = build.fitted(replace(STARTER, endpoints=chosen), product, PROD.region)
    assert profile.endpoints == fitted
    validate(replace(PROD, product=product, profile=profile, accepts=()))


def test_the_profiles_that_it_writes_are_those_of_the_plan() -> None:
    """A folder without profiles.py gets these; AEP's are the plan's."""
    plan = environments.read_module("profiles")
    assert (STARTER, STANDARD) == (plan.STARTER, plan.STANDARD)


def test_a_broken_register_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "risks.toml").write_bytes(b"# caf\xe9\n")
    monkeypatch.setattr(register, "COMMON", tmp_path / "risks.toml")
    with pytest.raises(OpsError, match=r"risks\.toml isn't UTF-8 text \(byte 6\); git restore risks\.toml"):
        register.entries([], "")
