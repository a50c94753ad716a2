"""The register of findings, to read. The audit is for people with the permission, not here."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets

from ledger.filters import FindingFilters
from ledger.models import Finding
from ledger.serializers import FindingSerializer


@extend_schema(tags=["findings"])
class FindingViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Finding]
):
    """Conditions that rules saw, newest first; while one stands it has exactly one open row."""

    queryset = Finding.objects.all()
    serializer_class = FindingSerializer
    filterset_class = FindingFilters
    lookup_value_regex = "[0-9]{1,18}"
    orders = {"newest": ("-id",)}
