"""Filters of proposals, votes, delegates and operations."""

from typing import Any

import django_filters
from django import forms
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from charter.filters import AccountFilter, ChainFilter, ContractFilter
from governance.models import Delegate, Operation, Proposal, Vote
from governance.text import SEARCH_CONFIG
from proofs.statements.lifecycle import ProposalState

STATES = {state.name.lower(): int(state) for state in ProposalState}


class StatesText(forms.CharField):
    """Names of proposal states in lower case, several by comma; cleaned to their numbers."""

    def clean(self, value: Any) -> list[int]:
        names = [name.strip() for name in super().clean(value).split(",") if name.strip()]
        for name in names:
            if name not in STATES:
                raise ValidationError(
                    f"{name[:40]!r} is not a state of a proposal: write one or more of "
                    f"{', '.join(STATES)}, with commas between."
                )
        return [STATES[name] for name in names]


class StatesFilter(django_filters.Filter):
    """Proposals in any of some states."""

    field_class = StatesText

    def filter(self, queryset: QuerySet[Proposal], value: list[int]) -> QuerySet[Proposal]:
        return queryset.filter(state__in=value) if value else queryset


class ProposalKeyFilter(django_filters.CharFilter):
    """Rows that belong to one proposal."""

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return queryset
        # Known by its number, an index gives its rows in order; joined, a million are sorted.
        found = Proposal.objects.filter(key=value).values_list("pk", flat=True).first()
        return queryset.none() if found is None else queryset.filter(proposal=found)


class ProposalFilters(django_filters.FilterSet):
    """Filters of `/api/v1/proposals/`."""

    state = StatesFilter(
        help_text=f"One or more of {', '.join(STATES)}, in lower case, with commas between."
    )
    governor = ContractFilter(field_name="contract", help_text="Key of a governor.")
    chain = ChainFilter(field_name="contract__chain", help_text="Key or CAIP-2 id of a chain.")
    proposer = AccountFilter(help_text="Address or CAIP-10 account.")
    q = django_filters.CharFilter(
        method="search",
        max_length=200,
        help_text='Words in title or text; "quoted" for a phrase, -word to leave out.',
    )

    class Meta:
        model = Proposal
        fields: list[str] = []

    def search(self, queryset: QuerySet[Proposal], name: str, text: str) -> QuerySet[Proposal]:
        words = SearchQuery(text, config=SEARCH_CONFIG, search_type="websearch")
        return queryset.filter(Q(search=words) | Q(title__icontains=text))


class VoteFilters(django_filters.FilterSet):
    """Filters of `/api/v1/votes/`."""

    voter = AccountFilter(help_text="Address or CAIP-10 account.")
    proposal = ProposalKeyFilter(help_text="Key of a proposal.")

    class Meta:
        model = Vote
        fields: list[str] = []


class ProposalVoteFilters(django_filters.FilterSet):
    """Filters of `/api/v1/proposals/<key>/votes/`."""

    voter = AccountFilter(help_text="Address or CAIP-10 account.")

    class Meta:
        model = Vote
        fields: list[str] = []


class DelegateFilters(django_filters.FilterSet):
    """Filters of `/api/v1/delegates/`."""

    token = ContractFilter(field_name="contract", help_text="Key of a votes token.")
    chain = ChainFilter(field_name="contract__chain", help_text="Key or CAIP-2 id of a chain.")

    class Meta:
        model = Delegate
        fields: list[str] = []


class OperationFilters(django_filters.FilterSet):
    """Filters of `/api/v1/operations/`."""

    timelock = ContractFilter(field_name="contract", help_text="Key of a timelock.")
    chain = ChainFilter(field_name="contract__chain", help_text="Key or CAIP-2 id of a chain.")
    proposal = django_filters.CharFilter(method="of_proposal", help_text="Key of a proposal.")

    class Meta:
        model = Operation
        fields: list[str] = []

    def of_proposal(self, queryset: QuerySet[Any], name: str, key: str) -> QuerySet[Operation]:
        whole = Proposal.objects.filter(key=key).values("operation_id")
        single = Proposal.objects.filter(key=key).values("actions__operation_id")
        return queryset.filter(Q(operation_id__in=whole) | Q(operation_id__in=single))
