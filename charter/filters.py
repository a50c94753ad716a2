"""Filters that the lists of every app share: by chain, by contract, by account, yes or no."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from charter.fields import AddressField
from charter.models import Chain, Contract

MAX_BLOCK = 2**63 - 1


class AccountText(forms.CharField):
    """An address, alone or as a CAIP-10 account; cleaned to a checksummed address."""

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return AddressField().to_python(text.rpartition(":")[2])
        except ValidationError as error:
            raise ValidationError(
                f"{text!r} is not an address: write 0x and 40 hex digits, "
                "or a CAIP-10 account such as eip155:1:0x…."
            ) from error


class YesNoText(forms.CharField):
    """`true` or `false`, and nothing else."""

    def clean(self, value: Any) -> bool | None:
        text = super().clean(value)
        if not text:
            return None
        if text not in ("true", "false"):
            raise ValidationError(f"{text!r} is neither true nor false: write one of the two.")
        return text == "true"


class BlockNumberText(forms.CharField):
    """A block number."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_BLOCK):
            raise ValidationError(f"{text!r} is not a block number: write decimal digits.")
        return int(text)


@extend_schema_field(OpenApiTypes.STR)
class AccountFilter(django_filters.Filter):
    """Rows of one account."""

    field_class = AccountText


@extend_schema_field(OpenApiTypes.BOOL)
class YesNoFilter(django_filters.Filter):
    """Rows for which a column holds, or does not."""

    field_class = YesNoText


@extend_schema_field(OpenApiTypes.INT64)
class BlockNumberFilter(django_filters.Filter):
    """Rows at, above or below a block."""

    field_class = BlockNumberText


class ChainFilter(django_filters.CharFilter):
    """Rows of one chain, named by its key in the charter or by its CAIP-2 id."""

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return queryset
        return queryset.filter(**{f"{self.field_name}__in": Chain.objects.filter(named(value))})


class ContractFilter(django_filters.CharFilter):
    """Rows of one contract, named by its key in the charter."""

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return queryset
        contracts = Contract.objects.filter(key=value)
        return queryset.filter(**{f"{self.field_name}__in": contracts})


def named(text: str) -> Q:
    """Condition on `Chain` rows: the key is `text`, or the CAIP-2 id is."""
    namespace, _, reference = text.partition(":")
    if namespace == "eip155" and reference.isascii() and reference.isdigit():
        number = int(reference[:20])
        return Q(chain_id=number) if number <= MAX_BLOCK else Q(pk__in=[])
    return Q(key=text) if text.isprintable() else Q(pk__in=[])


class ContractFilters(django_filters.FilterSet):
    """Filters of `/api/v1/contracts/`."""

    chain = ChainFilter(help_text="Key or CAIP-2 id of a chain.")
    kind = django_filters.CharFilter(help_text="Kind of contract, such as oz-governor-5.")
    active = YesNoFilter(help_text="Whether the charter still names the contract.")

    class Meta:
        model = Contract
        fields: list[str] = []
