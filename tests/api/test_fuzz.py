"""The API against everything that its schema allows, and against what it does not.

Requests are made from the served schema, in this process, on a venue in rows; what comes back must
be no fault of ours and of the shape that the schema says. The same requests in every run;
`FUZZ_EXAMPLES` and `FUZZ_SEED` (`make fuzz`) ask for more and for others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, seed, settings

if TYPE_CHECKING:
    from tests.api.small_venue import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(3600)]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
SEED = int(os.environ.get("FUZZ_SEED", "20261120"))
HOW = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=False,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests share the transaction of the test: nobody closes its connection between them."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def filled(venue: Venue) -> dict[str, dict[str, Any]]:
    """A venue with one of everything; real path parameters by what the path begins with."""
    from ledger.findings import Standing, stand

    operation = venue.operation()
    proposal = venue.proposal(operation_id=operation.operation_id)
    for voter in range(5):
        venue.vote(proposal, voter=voter)
    delegate = venue.delegate(1, votes=2)
    stand(
        rule="endpoint.disagrees",
        standing={"l2-b": Standing(level="alarm", summary="Another hash.", facts={"block": 5})},
    )
    from ledger.models import Finding

    return {
        "chains": {"key": "l2"},
        "contracts": {"key": "dao"},
        "proposals": {"key": proposal.key},
        "delegates": {"address": delegate.address},
        "findings": {"id": Finding.objects.get().pk},
    }


def operations() -> list[Any]:
    """Every operation of the served schema, but those that serve the schema itself."""
    import schemathesis
    from django.core.wsgi import get_wsgi_application

    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())
    return [
        found.ok()
        for found in schema.get_all_operations()
        if not found.ok().path.endswith("/schema/")
    ]


def checks(*, refused: bool) -> list[Any]:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as known

    always = [
        not_a_server_error,
        known.status_code_conformance,
        known.content_type_conformance,
        known.response_schema_conformance,
        known.response_headers_conformance,
    ]
    return [*always, known.negative_data_rejection] if refused else always


def fuzz(strategy: Any, checked: list[Any], statuses: dict[int, int]) -> None:
    @seed(SEED)
    @HOW
    @given(case=strategy)
    def ask(case: Any) -> None:
        answer = case.call_and_validate(checks=checked)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

    ask()


def test_what_the_schema_allows_is_answered_as_it_says(filled: dict[str, Any]) -> None:
    statuses: dict[int, int] = {}
    for operation in operations():
        real = filled.get(operation.path.split("/")[3], {})
        wanted = {name: value for name, value in real.items() if "{" + name + "}" in operation.path}
        for given_path in filter(lambda one: one is not None, (wanted or None, {})):
            more = {"path_parameters": given_path} if given_path else {}
            fuzz(operation.as_strategy(**more), checks(refused=False), statuses)
    print(statuses, file=sys.stderr)
    assert statuses[200] > EXAMPLES


def test_what_the_schema_forbids_is_refused_as_it_says(filled: dict[str, Any]) -> None:
    from schemathesis import GenerationMode

    statuses: dict[int, int] = {}
    for operation in operations():
        typed = [one for one in operation.query if one.definition["schema"].get("type") != "string"]
        enumerated = [one for one in operation.query if "enum" in one.definition["schema"]]
        if not typed and not enumerated:
            continue  # where any text is allowed, nothing is forbidden
        strategy = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        fuzz(strategy, checks(refused=True), statuses)
    print(statuses, file=sys.stderr)
    assert statuses[400] + statuses.get(404, 0) > EXAMPLES
