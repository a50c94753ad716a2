"""Chain values come back from the real database exactly as they went in."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Max, Sum
from django.test.utils import isolate_apps
from eth_utils.address import is_checksum_address
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charter.fields import UINT256_MAX, AddressField, HashField, Uint256Field

amounts = st.integers(0, UINT256_MAX) | st.sampled_from(
    [0, 1, 2**53 + 1, 2**63, 2**64, 2**255 + 1, 2**256 - 1, 10**77]
)
keep_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def kept(db: None) -> Iterator[type[models.Model]]:
    """A table of its own for the three fields, gone with the test's transaction."""
    with isolate_apps("charter"):

        class Kept(models.Model):
            amount = Uint256Field(null=True)
            address = AddressField(null=True)
            hash = HashField(null=True)

            class Meta:
                app_label = "charter"

            def __str__(self) -> str:
                return str(self.amount)

        with connection.schema_editor() as editor:
            editor.create_model(Kept)
        yield Kept


@keep_fixtures
@given(amount=amounts)
def test_amounts_are_exact_integers(kept: type[models.Model], amount: int) -> None:
    row = kept.objects.create(amount=amount)
    read = kept.objects.get(pk=row.pk).amount
    assert type(read) is int
    assert read == amount
    assert kept.objects.filter(pk=row.pk, amount=amount, amount__gte=amount).exists()
    assert kept.objects.filter(pk=row.pk).values_list("amount", flat=True).get() == amount
    with connection.cursor() as cursor:
        cursor.execute("SELECT amount::text FROM charter_kept WHERE id = %s", [row.pk])
        assert cursor.fetchone() == (str(amount),)


@keep_fixtures
@given(several=st.lists(amounts, min_size=1, max_size=5))
def test_sums_are_exact_integers_beyond_256_bits(
    kept: type[models.Model], several: list[int]
) -> None:
    kept.objects.all().delete()
    kept.objects.bulk_create([kept(amount=amount) for amount in several])
    found = kept.objects.aggregate(sum=Sum("amount"), most=Max("amount"))
    assert found == {"sum": sum(several), "most": max(several)}
    assert type(found["sum"]) is int
    assert [row.amount for row in kept.objects.order_by("amount")] == sorted(several)


def test_nothing_stays_nothing(kept: type[models.Model]) -> None:
    row = kept.objects.create()
    row.refresh_from_db()
    assert (row.amount, row.address, row.hash) == (None, None, None)
    assert kept.objects.aggregate(sum=Sum("amount")) == {"sum": None}


@pytest.mark.parametrize("wrong", [-1, 2**256, 1.0, "1.5", "-1", "٣", True, b"1", ""])
def test_what_is_no_amount_is_refused(kept: type[models.Model], wrong: object) -> None:
    with pytest.raises(ValidationError):
        kept.objects.create(amount=wrong)


@keep_fixtures
@given(raw=st.binary(min_size=20, max_size=20))
def test_addresses_rest_as_bytes_and_come_back_checksummed(
    kept: type[models.Model], raw: bytes
) -> None:
    for written in (raw, "0x" + raw.hex(), "0x" + raw.hex().upper()):
        row = kept.objects.create(address=written)
        row.refresh_from_db()
        assert row.address.lower() == "0x" + raw.hex()
        assert is_checksum_address(row.address)
        assert kept.objects.filter(address=row.address.lower(), pk=row.pk).exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT address FROM charter_kept WHERE id = %s", [row.pk])
            assert bytes(cursor.fetchone()[0]) == raw


@keep_fixtures
@given(raw=st.binary(min_size=32, max_size=32))
def test_hashes_rest_as_bytes_and_come_back_as_text(kept: type[models.Model], raw: bytes) -> None:
    row = kept.objects.create(hash=raw)
    row.refresh_from_db()
    assert row.hash == "0x" + raw.hex()
    assert kept.objects.filter(hash=row.hash, pk=row.pk).exists()


@pytest.mark.parametrize("wrong", ["0x12", "0x" + "g" * 40, "0x" + "0" * 42, b"short", ""])
def test_what_is_no_address_is_refused(kept: type[models.Model], wrong: object) -> None:
    with pytest.raises(ValidationError, match="is not an address"):
        kept.objects.create(address=wrong)
