"""Filters of chains, blocks and reorganisations."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from chainsync.models import Block, Dispute, Reorg
from charter.filters import BlockNumberFilter, ChainFilter, YesNoFilter
from charter.models import Chain, Endpoint


class ChainFilters(django_filters.FilterSet):
    """Filters of `/api/v1/chains/`."""

    role = django_filters.ChoiceFilter(choices=Chain.Role.choices, help_text="l1 or l2.")
    active = YesNoFilter(help_text="Whether the charter still names the chain.")

    class Meta:
        model = Chain
        fields: list[str] = []


class BlockFilters(django_filters.FilterSet):
    """Filters of `/api/v1/blocks/`."""

    chain = ChainFilter(help_text="Key or CAIP-2 id of a chain.")
    canonical = YesNoFilter(help_text="False for orphaned blocks.")
    number = BlockNumberFilter(help_text="Blocks of this number, on whatever branch.")

    class Meta:
        model = Block
        fields: list[str] = []


class ReorgFilters(django_filters.FilterSet):
    """Filters of `/api/v1/reorgs/`."""

    chain = ChainFilter(help_text="Key or CAIP-2 id of a chain.")
    refused = YesNoFilter(help_text="Whether it crossed a finalized block and was not followed.")

    class Meta:
        model = Reorg
        fields: list[str] = []


class EndpointFilters(django_filters.FilterSet):
    """Filters of `/api/v1/endpoints/`."""

    chain = ChainFilter(help_text="Key or CAIP-2 id of a chain.")
    operator = django_filters.CharFilter(help_text="Who runs it, as the charter writes it.")
    active = YesNoFilter(help_text="Whether the charter still names the endpoint.")

    class Meta:
        model = Endpoint
        fields: list[str] = []


class DisputeFilters(django_filters.FilterSet):
    """Filters of `/api/v1/disputes/`."""

    chain = ChainFilter(help_text="Key or CAIP-2 id of a chain.")
    endpoint = django_filters.CharFilter(
        field_name="endpoint__name", help_text="Name of the endpoint that was contradicted."
    )
    open = YesNoFilter(method="are_open", help_text="Whether it is not decided yet.")
    outcome = django_filters.ChoiceFilter(
        choices=Dispute.Outcome.choices, help_text="How it was decided."
    )
    about = django_filters.ChoiceFilter(
        choices=Dispute.About.choices, help_text="block, logs, state or range."
    )

    class Meta:
        model = Dispute
        fields: list[str] = []

    def are_open(self, rows: QuerySet[Any], name: str, value: bool | None) -> QuerySet[Any]:
        return rows if value is None else rows.filter(closed_at__isnull=value)
