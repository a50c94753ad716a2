"""Chains, their blocks and their reorganisations, to read."""

from functools import cached_property
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets

from chainsync.filters import (
    BlockFilters,
    ChainFilters,
    DisputeFilters,
    EndpointFilters,
    ReorgFilters,
)
from chainsync.freshness import Horizon
from chainsync.models import Block, Dispute, EndpointMinute, Reorg
from chainsync.serializers import BlockSerializer, ChainSerializer, ReorgSerializer
from chainsync.source_serializers import (
    DisputeSerializer,
    MinuteSerializer,
    SourceSerializer,
)
from charter.filters import named
from charter.models import Chain, Endpoint


class FreshViewSet(viewsets.GenericViewSet[Any]):
    """A viewset whose objects tell how current they are."""

    @cached_property
    def horizon(self) -> Horizon:
        """How far everything is followed, read once for the request."""
        return Horizon.read()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "horizon": self.horizon}


@extend_schema(tags=["chains"])
class ChainViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, FreshViewSet):
    """Chains of the venue with head, finality and endpoints, by key (or CAIP-2 id)."""

    queryset = (
        Chain.objects.select_related("status", "beacon", "light_client")
        .defer("light_client__record")
        .prefetch_related(
            Prefetch("endpoints", Endpoint.objects.filter(active=True).select_related("status"))
        )
    )
    serializer_class = ChainSerializer
    filterset_class = ChainFilters
    lookup_field = "key"
    orders = {"key": ("key",)}

    def get_object(self) -> Chain:
        rows = self.filter_queryset(self.get_queryset()).filter(named(self.kwargs["key"]))
        found: Chain | None = rows.first()
        if found is None:
            raise Http404(f"There is no chain {self.kwargs['key']!r}.")
        return found


@extend_schema(tags=["chains"])
class BlockViewSet(mixins.ListModelMixin, FreshViewSet):
    """Blocks as they were seen, newest first, orphaned ones included.

    Headers are dense near the head; below the finalized block only those with logs are kept.
    """

    queryset = Block.objects.select_related("chain").defer("header")
    serializer_class = BlockSerializer
    filterset_class = BlockFilters
    orders = {"newest": ("-id",)}


@extend_schema(tags=["chains"])
class ReorgViewSet(mixins.ListModelMixin, FreshViewSet):
    """Reorganisations that were seen, newest first."""

    queryset = Reorg.objects.select_related("chain")
    serializer_class = ReorgSerializer
    filterset_class = ReorgFilters
    orders = {"newest": ("-id",)}


@extend_schema(tags=["sources"])
class EndpointViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Endpoint]
):
    """The nodes that are asked, how they answer now, and how often they were wrong."""

    queryset = (
        Endpoint.objects.select_related("chain__status", "status")
        .annotate(
            disputes_open=Count("disputes", Q(disputes__closed_at=None)),
            proven_wrong=Count("disputes", Q(disputes__outcome=Dispute.Outcome.ENDPOINT_WRONG)),
        )
        .order_by("name")
    )
    serializer_class = SourceSerializer
    filterset_class = EndpointFilters
    lookup_field = "name"
    orders = {"name": ("name",)}


@extend_schema(tags=["sources"])
class EndpointHistoryViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[EndpointMinute]):
    """How one endpoint answered, minute by minute, newest first; kept for 30 days."""

    queryset = EndpointMinute.objects.all()
    serializer_class = MinuteSerializer
    orders = {"newest": ("-id",)}

    def get_queryset(self) -> QuerySet[EndpointMinute]:
        name = self.kwargs.get("name", "")
        endpoint = Endpoint.objects.filter(name=name).first()
        if endpoint is None:
            raise Http404(f"There is no endpoint {name!r}.")
        return EndpointMinute.objects.filter(endpoint=endpoint)


@extend_schema(tags=["sources"])
class DisputeViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dispute]
):
    """On what endpoints stood against each other, newest first, and how it was decided."""

    queryset = Dispute.objects.select_related("chain", "endpoint", "contract")
    serializer_class = DisputeSerializer
    filterset_class = DisputeFilters
    lookup_value_regex = "[0-9]{1,18}"
    orders = {"newest": ("-id",)}
