"""Contracts of the venue, to read. Chains are told by chainsync, which knows how far each is."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets

from charter.filters import ContractFilters
from charter.models import Contract
from charter.serializers import ContractSerializer


@extend_schema(tags=["charter"])
class ContractViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Contract]
):
    """Contracts that the charter names, by key."""

    queryset = Contract.objects.select_related("chain")
    serializer_class = ContractSerializer
    filterset_class = ContractFilters
    lookup_field = "key"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,50}"
    orders = {"key": ("key",)}
