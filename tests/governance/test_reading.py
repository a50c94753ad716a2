"""What reading costs the database: as little for twenty thousand votes as for two hundred."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings

from ledger import sharing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FEW, MANY, PER_BLOCK = 200, 20_000, 4
LARGE = {"governance_vote", "governance_tallydelta", "chainsync_log", "chainsync_block"}
"""Tables that grow with the chain; all others are small, or read by key."""
MOST = 450
"""Rows of them that one statement may look at: two pages of the API, and some."""
PATHS = (
    "/proposals/{key}/",
    "/proposals/{key}/?sort=newest",
    "/proposals/{key}/votes/",
    "/proposals/{key}/votes/?sort=newest",
    "/proposals/{key}/live/",
    "/",
    "/proposals/",
    "/api/v1/proposals/",
    "/api/v1/proposals/{key}/",
    "/api/v1/proposals/{key}/votes/?limit=200",
    "/api/v1/proposals/{key}/votes/?order=weight&limit=200",
    "/api/v1/proposals/{key}/votes/?voter={voter}",
    "/api/v1/votes/?limit=200",
    "/api/v1/votes/?proposal={key}",
    "/api/v1/votes/?voter={voter}",
)
Statement = tuple[str, Any]


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """Every statement that is executed inside, with its parameters."""
    found: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def explained(statement: Statement) -> list[dict[str, Any]]:
    """All nodes of the plan by which a SELECT was carried out, with what they looked at."""
    sql, params = statement
    if not re.match(r"\s*(SELECT|WITH)\b", sql) or "pg_backend_pid" in sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        row = cursor.fetchone()
    assert row is not None
    plan = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    nodes, waiting = [], [plan[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    return nodes


def looked_at(node: dict[str, Any]) -> int:
    """Rows of a large table that this node read, those that it threw away included."""
    if node.get("Relation Name") not in LARGE:
        return 0
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + dropped) * node["Actual Loops"])


def read(client: Client, path: str) -> tuple[Any, list[Statement]]:
    """An answer that nobody shares, and what it asked the database."""
    sharing.answers.clear()
    kind = "application/json" if path.startswith("/api/") else "text/html"
    with statements() as asked:
        answer = client.get(path, headers={"Accept": kind})
    assert answer.status_code == 200, (path, answer.content[:500])
    return answer, asked


def assert_cheap(path: str, asked: list[Statement]) -> None:
    for statement in asked:
        nodes = explained(statement)
        worst = max((looked_at(node) for node in nodes), default=0)
        assert worst <= MOST, f"{path} looks at {worst} rows: {statement[0][:400]}"


@override_settings(API_RATE="off")
def test_reading_costs_the_same_however_many_votes_there_are() -> None:
    """As many statements, each by an index, on every page and list, and on a page far down."""
    from bench import grown
    from governance.models import Vote

    scene = grown.grow(FEW, MANY, per_block=PER_BLOCK)
    client = Client(SERVER_NAME="localhost")
    for path in PATHS:
        costs = []
        for size in (FEW, MANY):
            vote = Vote.objects.filter(proposal__key=scene.keys[size]).latest("id")
            address = path.format(key=scene.keys[size], voter=vote.voter)
            _, asked = read(client, address)
            assert_cheap(address, asked)
            costs.append(len(asked))
        assert costs[0] == costs[1], f"{path} costs {costs} statements"

    for kind in ("weight", "newest"):
        base = f"/proposals/{scene.keys[MANY]}/votes/?sort={kind}"
        path = base
        for _ in range(30):
            answer, asked = read(client, path)
            following = re.search(r'hx-get="[^"]*after=([0-9.]+)"', answer.content.decode())
            assert following is not None
            path = f"{base}&after={following[1]}"
        assert_cheap(path, asked)
    path = f"/api/v1/proposals/{scene.keys[MANY]}/votes/?order=weight&limit=200"
    for _ in range(12):
        answer, asked = read(client, path)
        path = answer.json()["next"].removeprefix("http://localhost")
    assert_cheap(path, asked)


@contextmanager
def pages_of_changes() -> Iterator[list[tuple[str, int]]]:
    """Every change that is made inside, with how many pages of the database it looks at.

    Each is tried out before it is made, and taken back.
    """
    found: list[tuple[str, int]] = []
    trying = False

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal trying
        if not trying and re.match(r"\s*(UPDATE|DELETE|WITH)\b", sql):
            trying = True
            with connection.cursor() as cursor:
                cursor.execute("SAVEPOINT trial")
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                row = cursor.fetchone()
                cursor.execute("ROLLBACK TO SAVEPOINT trial")
            trying = False
            assert row is not None
            plan = row[0][0]["Plan"]
            found.append((sql, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@pytest.mark.parametrize("votes", [0, 30])
def test_a_reorg_looks_only_at_what_it_takes_back(votes: int) -> None:
    """Each change of a step that replaces 64 blocks looks at as many pages, whatever lies below."""
    from bench.branches import DEPTH

    costs = [_cost_of_a_reorg(size, votes) for size in (FEW, MANY)]
    assert [sql for sql, _ in costs[0]] == [sql for sql, _ in costs[1]]
    assert len(costs[0]) > 5
    for (sql, small), (_, large) in zip(*costs, strict=True):
        # A small table is read at once, a large one by an index: some pages for each block.
        most = 2 * small + (3 * DEPTH if "chainsync_log" in sql else 30)
        assert large <= most, f"{large} pages instead of {small}: {sql[:400]}"


def _cost_of_a_reorg(size: int, votes: int) -> list[tuple[str, int]]:
    from bench import grown
    from bench.branches import Branches
    from chainsync import advancing, coverage, following
    from chainsync.models import ChainStatus
    from governance.models import Proposal
    from ledger import leases

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE charter_chain, chainsync_log, governance_vote, ledger_lease CASCADE"
        )
    scene = grown.grow(size, per_block=PER_BLOCK)
    branches = Branches(scene.head, grown.proposal_id(size))
    held = leases.take(following.lease_name("l2"), leases.new_owner(), 600)
    assert held is not None
    contracts = coverage.read_contracts(scene.chain)
    before = Proposal.objects.get()
    for fork in (None, scene.head):
        head = ChainStatus.objects.get().head_hash
        step = branches.step(votes, fork=fork)
        with pages_of_changes() as found:
            advancing.advance(held, scene.chain, head, contracts, step)
    after = Proposal.objects.get()
    assert after.vote_count == before.vote_count + votes
    return found
