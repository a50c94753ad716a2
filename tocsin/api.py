"""`/api/v1/`: the read API. Each app brings its views; here they get addresses and tags."""

from typing import Any

from csp.decorators import csp_update
from django.urls import path, re_path
from django.urls.resolvers import URLPattern
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from chainsync.api import (
    BlockViewSet,
    ChainViewSet,
    DisputeViewSet,
    EndpointHistoryViewSet,
    EndpointViewSet,
    ReorgViewSet,
)
from charter.api import ContractViewSet
from governance.api import (
    DelegateDetailViewSet,
    DelegateViewSet,
    OperationViewSet,
    ProposalDetailViewSet,
    ProposalViewSet,
    ProposalVoteViewSet,
    VoteViewSet,
)
from governance.certificate_api import CertificateFileView, CertificateView, ShardView
from ledger.api import FindingViewSet
from tocsin.conditional import conditional
from tocsin.errors import nothing_here

ViewSet = type[viewsets.GenericViewSet[Any]]

LISTS: dict[str, ViewSet] = {
    "chains": ChainViewSet,
    "contracts": ContractViewSet,
    "proposals": ProposalViewSet,
    "votes": VoteViewSet,
    "delegates": DelegateViewSet,
    "operations": OperationViewSet,
    "blocks": BlockViewSet,
    "reorgs": ReorgViewSet,
    "endpoints": EndpointViewSet,
    "disputes": DisputeViewSet,
    "findings": FindingViewSet,
}
"""What /api/v1/ names: one list each."""

OBJECTS: dict[str, tuple[str, ViewSet]] = {
    "chains": ("<str:key>", ChainViewSet),
    "contracts": ("<slug:key>", ContractViewSet),
    "proposals": ("<slug:key>", ProposalDetailViewSet),
    "delegates": ("<str:address>", DelegateDetailViewSet),
    "findings": ("<int:pk>", FindingViewSet),
    "endpoints": ("<slug:name>", EndpointViewSet),
    "disputes": ("<int:pk>", DisputeViewSet),
}
"""Lists whose objects have an address of their own."""


class RootViewSet(viewsets.ViewSet):
    """Where the lists are."""

    @extend_schema(
        tags=["start"],
        summary="Addresses of all lists",
        responses=inline_serializer(
            "Root", {name: serializers.URLField() for name in [*LISTS, "schema", "docs"]}
        ),
    )
    def retrieve(self, request: Request) -> Response:
        """Addresses of all lists, of the schema, and of the page that explains them."""
        return Response(
            {name: reverse(f"api-{name}", request=request) for name in [*LISTS, "schema", "docs"]}
        )


def _list(address: str, viewset: ViewSet, name: str) -> URLPattern:
    return path(address, conditional(viewset).as_view({"get": "list"}), name=f"api-{name}")


def _object(address: str, viewset: ViewSet, name: str) -> URLPattern:
    view = conditional(viewset).as_view({"get": "retrieve"}, detail=True)
    return path(address, view, name=f"api-{name}")


# The renderer puts styles into its own elements, which style-src 'self' forbids; scripts stay
# under the house's rule, and no other page is relaxed.
docs = csp_update({"style-src": "'unsafe-inline'"})(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema")
)

urlpatterns = [
    path("", RootViewSet.as_view({"get": "retrieve"}), name="api-root"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    *(_list(f"{name}/", viewset, name) for name, viewset in LISTS.items()),
    *(
        _object(f"{name}/{key}/", viewset, f"{name}-one")
        for name, (key, viewset) in OBJECTS.items()
    ),
    _list("proposals/<slug:key>/votes/", ProposalVoteViewSet, "proposal-votes"),
    path("proposals/<slug:key>/certificate", CertificateView.as_view(), name="api-certificate"),
    path(
        "proposals/<slug:key>/certificate/file",
        CertificateFileView.as_view(),
        name="api-certificate-file",
    ),
    path(
        "proposals/<slug:key>/certificate/<str:shard>",
        ShardView.as_view(),
        name="api-certificate-shard",
    ),
    _list("endpoints/<slug:name>/history/", EndpointHistoryViewSet, "endpoint-history"),
    # Whatever else, line breaks included, which a dot does not match.
    re_path(r"^(?P<rest>[\s\S]*)$", nothing_here, name="api-nothing"),
]
