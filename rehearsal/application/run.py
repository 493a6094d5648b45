"""The application: start it, cause failures, stop it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from environments.schema import Environment, Service
from rehearsal.application import cache, database, programs
from rehearsal.application.certificates import Authority
from rehearsal.application.handlers import Answered, Note
from rehearsal.application.monitoring import Monitoring
from rehearsal.application.proxy import Proxy
from rehearsal.application.stores import Store
from rehearsal.application.tasks import Task, run


class Application:
    """Stores, tasks, load balancer and monitoring of one environment; everything listens on this machine only."""

    def __init__(
        self, environment: Environment, folder: Path, endpoint: str | None, pace: float, password: str
    ) -> None:
        self._environment, self._folder, self._password = environment, folder, password
        self._tasks: dict[str, Task] = {}
        self._stores: dict[str, Store] = {}
        with ExitStack() as started:
            self._start(started, endpoint, pace)
            # Not reached when something fails; then what was started is stopped.
            self._started = started.pop_all()

    @classmethod
    def start(
        cls, environment: Environment, folder: Path, endpoint: str | None = None, *, pace: float = 1, password: str = ""
    ) -> Application:
        """Start all of it. The database is empty until `migrate`.

        Args:
            environment: Whose names, paths, certificate names and alarms.
            folder: Where logs and the CA's certificate go.
            endpoint: The emulator, with the environment applied; without it there are no metrics and alarms.
            pace: How many times faster than CloudWatch's the alarms' periods pass.
            password: Of the database's user; empty: a random one.

        Raises:
            OpsError: A program isn't installed or doesn't come up; nothing is left running.
        """
        return cls(environment, folder, endpoint, pace, password)

    def migrate(self) -> int:
        """Run the migration as its task does; its exit code. What it says is in `migration.log`."""
        migration = self._environment.product.migration
        if not migration:
            return 0
        service = self._environment.product.service(migration.service)
        return run("migration", self._variables(service), self._folder / "migration.log")

    def errors(self, share: float) -> None:
        """From now on this share of requests to the API, from 0 to 1, gets status 500."""
        for task in self._tasks.values():
            task.tell(str(share))

    def stop_database(self) -> None:
        """Stop PostgreSQL; its data stays."""
        self._stores["database"].stop()

    def start_database(self) -> None:
        """Start PostgreSQL again, where it was."""
        self._stores["database"].start()

    def stop_cache(self) -> None:
        """Stop Redis."""
        self._stores["cache"].stop()

    def start_cache(self) -> None:
        """Start Redis again, where it was; it is empty."""
        self._stores["cache"].start()

    def stop(self) -> None:
        """Stop all of it, and remove the data; logs stay."""
        self._started.close()

    def __enter__(self) -> Application:
        """Started already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def database_url(self) -> str:
        """DATABASE_URL, with its password; the environment has a database."""
        return self._stores["database"].url

    @property
    def redis_url(self) -> str:
        """REDIS_URL, with its password; `ca_file`'s authority signs the certificate. The environment has a cache."""
        return self._stores["cache"].url

    def _start(self, started: ExitStack, endpoint: str | None, pace: float) -> None:
        environment, folder = self._environment, self._folder
        folder.mkdir(parents=True, exist_ok=True)
        # Outside of the folder, which the stores' user may not be able to enter.
        home = Path(tempfile.mkdtemp(prefix="rehearsal-"))
        started.callback(shutil.rmtree, home)
        programs.hand_over(home)
        authority = Authority(home)
        self.ca_file = Path(shutil.copy(authority.file, folder / "ca.pem"))
        if environment.database:
            self._stores["database"] = database.database(
                environment.database, authority, home, folder / "postgresql.log", self._password
            )
        if environment.cache:
            self._stores["cache"] = cache.cache(environment, authority, home, folder / "redis.log")
        for store in self._stores.values():
            started.callback(store.stop)
            store.start()
        if environment.database:
            database.create(self.database_url)
        ports = self._start_tasks(started)
        note = self._start_monitoring(started, endpoint, ports, pace) if endpoint else _ignore
        proxy = Proxy(environment, authority.server(environment.edge.certificate_names), ports, note)
        started.callback(proxy.stop)
        self.tls_port, self.plain_port = proxy.tls_port, proxy.plain_port

    def _start_tasks(self, started: ExitStack) -> dict[str, int]:
        for service in self._environment.product.load_balanced:
            task = Task(
                "frontend" if service == self._environment.default_service else "backend",
                self._variables(service),
                self._folder / f"{service.name}.log",
            )
            started.callback(task.stop)
            self._tasks[service.name] = task
        return {name: task.port for name, task in self._tasks.items()}

    def _start_monitoring(self, started: ExitStack, endpoint: str, ports: Mapping[str, int], pace: float) -> Note:
        monitoring = Monitoring(
            self._environment,
            endpoint=endpoint,
            ports=ports,
            database_url=self.database_url if self._environment.database else None,
            log=self._folder / "monitoring.log",
            pace=pace,
        )
        started.callback(monitoring.stop)
        return monitoring.note

    def _variables(self, service: Service) -> dict[str, str]:
        """The container's environment variables that this application reads."""
        names = {"database": "DATABASE_URL", "cache": "REDIS_URL"}
        secrets = {names[name]: store.url for name, store in self._stores.items()}
        return {
            **self._environment.variables(service),
            **{name: value for name, value in secrets.items() if name in service.secrets},
            # The task trusts the CA, as every image trusts Amazon's.
            "SSL_CERT_FILE": str(self.ca_file),
        }


def _ignore(_: Answered) -> None:
    """Without CloudWatch, responses are not counted."""
