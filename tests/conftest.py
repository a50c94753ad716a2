"""What every test stands on: a data directory and a PostgreSQL of its own, and the test vectors.

The environment is set while this file is imported, before Django reads its settings; the server
is started when the first test asks for the database.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tools import postgres

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = "tocsin/outcomes"
ONE_VENUE = {"chaos", "e2e"}

_GIVEN_DATABASE = os.environ.get("DATABASE_URL")
# Of several processes the first makes the folder: the others have read their settings by now.
_HELPER = "PYTEST_XDIST_WORKER" in os.environ
_DATA_DIR = Path(
    os.environ["TOCSIN_DATA_DIR"] if _HELPER else tempfile.mkdtemp("", "tocsin-tests-")
)

# How fast a machine is at a moment is no property of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

os.environ["TOCSIN_DATA_DIR"] = str(_DATA_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.settings"


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings now: pytest-django looks before this file is imported, and found none."""
    from django.conf import settings as django_settings

    django_settings.INSTALLED_APPS  # noqa: B018 - reading an attribute is what loads them


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _HELPER:
        shutil.rmtree(_DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """An embedded PostgreSQL for this session, forced to disk by nobody and removed at the end."""
    with postgres.scratch("tocsin-tests-pg") as server:
        yield server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """Point Django at the session's own server, unless DATABASE_URL names one."""
    if _GIVEN_DATABASE:
        return
    from django.db import connections

    server: postgres.Server = request.getfixturevalue("postgres_server")
    os.environ["DATABASE_URL"] = server.url("tocsin")
    connections.databases["default"].update(
        HOST="127.0.0.1", PORT=server.port, USER=postgres.ROLE, PASSWORD=server.password
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let go of what asks nodes before the database is dropped: it has its own connection."""
    yield
    from chainsync.endpoint import pool

    pool.close_all()


@pytest.fixture(autouse=True)
def as_newly_started() -> None:
    """The process has counted no requests, and keeps no answer, of the test before.

    A fast machine runs many tests within one window of a throttle, and within one second.
    """
    from charter import keys, throttle
    from ledger import sharing

    throttle.forget()
    keys.forget()
    sharing.answers.clear()


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of third-party test data, read in place: TOCSIN_VECTORS, or beside the checkout."""
    folder = Path(os.environ.get("TOCSIN_VECTORS") or ROOT.parent / "shared" / "vectors")
    if not folder.is_dir():
        pytest.fail(f"No test vectors in {folder}: set TOCSIN_VECTORS to their folder.")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` a file stays in one process, and all stories of one venue do."""
    for item in items:
        path = item.path.relative_to(Path(__file__).resolve().parent)
        group = path.parts[0] if path.parts[0] in ONE_VENUE else path.with_suffix("").as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember the worst thing that happened to each test, for tools/promises.py."""
    decides = report.when == "call" or report.outcome != "passed"
    if decides and _outcomes.get(report.nodeid) != "failed":
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the last outcome of every test, so that a promise whose test was skipped is seen."""
    cache = session.config.cache
    # Of several processes the one that hands out the tests hears of them all.
    helper = hasattr(session.config, "workerinput")
    if helper or cache is None or session.config.option.collectonly:
        return
    known = cache.get(OUTCOMES, {})
    cache.set(OUTCOMES, {**known, **_outcomes})
