"""Log lines say what they are about, machines can read them, and nothing secret is in them."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.signals import task_postrun, task_prerun
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from chainsync import tasks
from ledger.marks import about, marks
from tocsin.loglines import JsonLines, Lines, configuration
from tocsin.logs import request_id, task_ends
from tocsin.redaction import Redactor, pieces, secrets_of

KEY = "v2-0123456789abcdef"
NODE = f"https://user:pass-word@node.example:8545/v2/{KEY}?token={KEY}x"
VENUE = f'url = "${{L2_A_URL}}"\nurl = "{NODE}"\n'


@pytest.fixture
def written() -> Iterator[Callable[[logging.Formatter], Callable[[], list[str]]]]:
    """Write lines of logger `tocsin.tests` with a formatter, and read them back."""
    logger = logging.getLogger("tocsin.tests")
    handlers = []

    def attach(formatter: logging.Formatter) -> Callable[[], list[str]]:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger.addHandler(handler)
        handlers.append(handler)
        return lambda: stream.getvalue().splitlines()

    yield attach
    for handler in handlers:
        logger.removeHandler(handler)


logger = logging.getLogger("tocsin.tests")


def test_a_json_line_says_what_it_is_about(written: Any) -> None:
    lines = written(JsonLines())
    with about(request="r-1", chain="l2"), about(block=12):
        logger.warning("taken in: %s", "two\nlines", extra={"facts": {"logs": 3}})
    logger.error("after it")
    first, second = (json.loads(line) for line in lines())
    assert first["message"] == "taken in: two\nlines"
    assert (first["level"], first["logger"]) == ("warning", "tocsin.tests")
    assert (first["request"], first["chain"], first["block"], first["logs"]) == ("r-1", "l2", 12, 3)
    assert first["time"].endswith("+00:00")
    assert not {"request", "chain", "block"} & second.keys()


def test_a_line_for_people_stays_one_and_names_the_chain(written: Any) -> None:
    lines = written(Lines())
    with about(chain="l2", task="0f", task_name="chainsync.tasks.follow"):
        logger.warning("the head is late")
    assert lines() == [
        "WARNING tocsin.tests: the head is late [chain=l2 task_name=chainsync.tasks.follow]"
    ]


@pytest.mark.parametrize("formatter", [JsonLines, Lines])
def test_no_address_of_an_endpoint_is_in_any_line(written: Any, formatter: Any) -> None:
    hidden = secrets_of({"L2_A_URL": NODE, "DATABASE_URL": "postgresql://u:dbpassword@h/x"}, VENUE)
    lines = written(formatter(hidden))
    logger.warning("cannot reach %s", NODE)
    logger.warning("HTTPConnectionPool(host='node.example', port=8545): with url: /v2/%s", KEY)
    logger.warning(
        'Starting new HTTPS connection (1): node.example:8545 "POST /v2/%s HTTP/1.1"', KEY
    )
    logger.warning("the password is dbpassword", extra={"facts": {"at": NODE}})
    try:
        try:
            raise OSError(f"no route to node.example:8545 for {NODE}")
        except OSError as error:
            raise RuntimeError("the turn failed") from error
    except RuntimeError:
        logger.exception("it broke")
    text = "\n".join(lines())
    for secret in (KEY, "node.example", "pass-word", "dbpassword"):
        assert secret not in text
    assert "the turn failed" in text
    assert "cannot reach" in text


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["wss", "https", "amqp"]))
def test_whatever_stands_around_an_address_it_is_taken_out(
    before: str, after: str, scheme: str
) -> None:
    redact = Redactor(pieces(NODE))
    text = redact(f"{before} {scheme}://node.example/{KEY} {after} {KEY}")
    assert KEY not in text
    assert "node.example" not in text


def test_secrets_are_known_by_name_and_by_what_the_venue_refers_to() -> None:
    found = secrets_of(
        {
            "TOCSIN_SECRET_KEY": "a-long-secret",
            "L2_A_URL": "https://rpc.example/abcdefabcdefabcdef",
            "PLAIN": "not-secret-at-all",
            "PAGER_TOKEN": "abcdef",
            "API_KEY": "ab",
            "CELERY_BROKER_URL": "amqp://guest:rabbit-pass@10.0.0.4/",
        },
        'url = "${L2_A_URL}"',
    )
    assert {"a-long-secret", "abcdefabcdefabcdef", "rpc.example", "abcdef", "rabbit-pass"} <= found
    assert not {"not-secret-at-all", "ab", "10.0.0.4"} & found
    assert Redactor(found)("Authorization: Bearer eyJhbGciOi") == "Authorization: Bearer [hidden]"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0123abcd", True),
        ("trace-1.2_3-ABCDEF", True),
        ("", False),
        ("short", False),
        ("x" * 65, False),
        ("with space here", False),
        ('injected"\n{"level": "alarm"}', False),
        ("../../etc/passwd", False),
    ],
)
def test_an_id_is_taken_over_only_when_it_is_one(given: str, kept: bool) -> None:
    assert (request_id(given) == given) is kept
    assert len(request_id(given)) >= 8


def test_a_request_is_known_by_its_id_in_its_lines_and_its_answer(
    client: Client,
) -> None:
    lines: list[str] = []
    requests = logging.getLogger("tocsin.request")
    handler = logging.Handler(logging.INFO)
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    level = requests.level
    requests.setLevel(logging.INFO)
    requests.addHandler(handler)
    try:
        answer = client.get("/healthz?secret=1", headers={"X-Request-ID": "from-the-proxy-1"})
        assert answer["X-Request-ID"] == "from-the-proxy-1"
        made = client.get("/healthz", headers={"X-Request-ID": "<script>"})["X-Request-ID"]
    finally:
        requests.removeHandler(handler)
        requests.setLevel(level)
    first, second = (json.loads(line) for line in lines)
    assert first["request"] == "from-the-proxy-1"
    assert (first["method"], first["path"], first["status"]) == ("GET", "/healthz", 200)
    assert "secret" not in lines[0]
    assert second["request"] == made != "<script>"
    assert marks() == {}


def test_lines_of_a_task_carry_its_id_its_name_and_its_chain() -> None:
    task_prerun.send(tasks.follow, task_id="t-1", task=tasks.follow, args=["l2"], kwargs={})
    assert marks() == {"task": "t-1", "task_name": "chainsync.tasks.follow", "chain": "l2"}
    task_postrun.send(tasks.sweep, task_id="unknown", task=tasks.sweep)
    assert marks()["task"] == "t-1"
    # What else listens writes into the database; only the ids are of interest here.
    task_ends(task_id="t-1")
    assert marks() == {}


def test_the_format_is_chosen_by_the_environment(tmp_path: Path) -> None:
    venue = tmp_path / "venue.toml"
    venue.write_text(VENUE)
    for environment, shape in (({}, "line"), ({"TOCSIN_LOG_FORMAT": "json"}, "json")):
        made = configuration({**environment, "L2_A_URL": NODE}, "the-secret-key", venue)
        assert made["handlers"]["console"]["formatter"] == shape
        hidden = made["formatters"][shape]["hidden"]
        assert {"the-secret-key", KEY, "node.example"} <= hidden
