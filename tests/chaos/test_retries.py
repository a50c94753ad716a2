"""What failed is tried again, and what the database cannot do is nobody else's failure."""

from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from chainsync import advancing, catching_up
from chainsync.models import Coverage
from tests.api.small_venue import Venue, small_venue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(transactional_db: None) -> Venue:
    return small_venue()


@pytest.fixture
def failed(house: Venue) -> Coverage:
    """A contract that is read to block 1,000 and whose folding failed after block 500."""
    row = Coverage.objects.get(contract=house.contracts["dao"])
    row.folded_to, row.fold_error = 500, "It failed."
    row.save()
    return row


def test_looking_for_work_does_not_use_up_the_chance_to_try_again(failed: Coverage) -> None:
    chain = failed.contract.chain
    for _ in range(3):
        assert [row.pk for row in catching_up.behind(chain)] == [failed.pk]
    catching_up.turn(chain.key)
    failed.refresh_from_db()
    assert (failed.folded_to, failed.fold_error) == (1000, "")


def test_after_a_try_there_is_a_pause(failed: Coverage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ArithmeticError("as before")

    monkeypatch.setattr("chainsync.folding.fold", fails)
    monkeypatch.setattr("chainsync.folding.pending", lambda *_: ([object()], 1000))
    chain = failed.contract.chain
    catching_up.turn(chain.key)
    failed.refresh_from_db()
    assert failed.fold_error == "ArithmeticError: as before"
    assert catching_up.behind(chain) == []


@pytest.mark.parametrize(
    "error", [OperationalError("full"), psycopg.errors.DiskFull("full")], ids=["Django", "COPY"]
)
def test_a_full_disk_is_no_failure_of_a_contract(
    failed: Coverage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr("chainsync.folding.fold", fails)
    with pytest.raises(type(error)):
        advancing.fold_isolated(failed, [object()], 1000)  # type: ignore[list-item]
    failed.refresh_from_db()
    assert failed.fold_error == "It failed."
