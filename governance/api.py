"""Proposals, votes, delegates and operations, to read."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from chainsync import freshness
from chainsync.api import FreshViewSet
from charter.filters import AccountText
from charter.models import Contract
from governance import families
from governance.delegate_serializers import DelegateDetailSerializer
from governance.filters import (
    DelegateFilters,
    OperationFilters,
    ProposalFilters,
    ProposalVoteFilters,
    VoteFilters,
)
from governance.models import (
    Checkpoint,
    Delegate,
    Delegation,
    Operation,
    OperationCall,
    Proposal,
    ProposalEvent,
    TallyDelta,
    Vote,
)
from governance.proposal_serializers import ProposalDetailSerializer
from governance.proposal_whole import whole
from governance.serializers import (
    DelegateSerializer,
    OperationSerializer,
    ProposalSerializer,
    VoteSerializer,
)
from ledger.versions import told


def _latest(model: Any, **related: str) -> Subquery:
    """Block of the newest row of `model` whose columns are those named of the outer row."""
    matching = {column: OuterRef(outer) for column, outer in related.items()}
    rows = model.objects.filter(**matching).order_by("-block_number")
    return Subquery(rows.values("block_number")[:1])


PROPOSALS = Proposal.objects.select_related(
    "contract__chain", "contract__governor_profile"
).annotate(
    last_delta=_latest(TallyDelta, proposal="pk"), last_event=_latest(ProposalEvent, proposal="pk")
)


@extend_schema(tags=["governance"])
class ProposalViewSet(mixins.ListModelMixin, FreshViewSet):
    """Proposals, newest first."""

    queryset = PROPOSALS.defer("description", "search")
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilters
    orders = {"newest": ("-timestamp", "-id")}

    def version(self) -> list[Any]:
        # Folded logs alone do not tell of states that time changed, nor of a quorum that was read.
        return [freshness.version(), told(["proposals"])]


@extend_schema(tags=["governance"])
class ProposalDetailViewSet(mixins.RetrieveModelMixin, FreshViewSet):
    """One proposal with all its facts, its state computed afresh at the head."""

    queryset = PROPOSALS.select_related("proof_attempt").defer("search")
    serializer_class = ProposalDetailSerializer
    lookup_field = "key"

    def get_object(self) -> Proposal:
        found: Proposal = super().get_object()
        together = whole(found, self.horizon)
        self.keys = dict.fromkeys((row.operation_id for row in together.operations), found.key)
        found.whole = together  # type: ignore[attr-defined]
        return found

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "proposals": self.keys}


@extend_schema(tags=["governance"])
class VoteViewSet(mixins.ListModelMixin, FreshViewSet):
    """Vote events of all proposals, those that came in last first."""

    queryset = Vote.objects.select_related("contract__chain", "proposal").defer(
        "proposal__description", "proposal__search"
    )
    serializer_class = VoteSerializer
    filterset_class = VoteFilters

    @property
    def orders(self) -> dict[str, tuple[str, ...]]:
        """Each by an index: one proposal's votes, one voter's votes, or all of them."""
        request = getattr(self, "request", None)
        asked = {} if request is None else request.query_params
        if asked.get("proposal"):
            return {"newest-of-proposal": ("-block_number", "-log_index")}
        if asked.get("voter"):
            return {"newest-of-voter": ("-timestamp", "-id")}
        return {"newest": ("-id",)}

    def version(self) -> list[Any]:
        return freshness.version()


KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="Key of a proposal.")


@extend_schema(tags=["governance"], parameters=[KEY])
class ProposalVoteViewSet(mixins.ListModelMixin, FreshViewSet):
    """Vote events of one proposal, newest first or heaviest first."""

    queryset = VoteViewSet.queryset
    serializer_class = VoteSerializer
    filterset_class = ProposalVoteFilters
    orders = {
        "newest": ("-block_number", "-log_index"),
        "weight": ("-weight", "id"),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        found = Proposal.objects.filter(key=kwargs["key"]).values_list("pk", "contract_id").first()
        if found is None:
            raise Http404(f"There is no proposal {kwargs['key']!r}.")
        self.proposal, self.governor = found
        super().initial(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Vote]:
        return super().get_queryset().filter(proposal=self.proposal)

    def version(self) -> list[Any]:
        return freshness.version([self.governor])


@extend_schema(tags=["governance"])
class DelegateViewSet(mixins.ListModelMixin, FreshViewSet):
    """Delegates by token, those with most voting power first."""

    queryset = (
        Delegate.objects.select_related("contract__chain")
        .filter(Q(votes__gt=0) | Q(delegators__gt=0))
        .annotate(
            last_checkpoint=_latest(Checkpoint, contract="contract", delegate="address"),
            last_delegation=_latest(Delegation, contract="contract", to_delegate="address"),
        )
    )
    serializer_class = DelegateSerializer
    filterset_class = DelegateFilters
    orders = {"power": ("contract_id", "-votes", "id")}

    def version(self) -> list[Any]:
        return freshness.version()


ADDRESS = OpenApiParameter(
    "address", str, OpenApiParameter.PATH, description="Address or CAIP-10 account."
)


@extend_schema(tags=["governance"], parameters=[ADDRESS])
class DelegateDetailViewSet(FreshViewSet):
    """One account as a delegate, in every token. Any address has an answer, be it an empty one."""

    queryset = DelegateViewSet.queryset
    serializer_class = DelegateDetailSerializer

    def retrieve(self, request: Request, address: str) -> Response:
        """Power in every token, and whom the account itself delegates to."""
        try:
            found = AccountText().clean(address)
        except ValidationError as error:
            raise Http404(" ".join(error.messages)) from error
        self.filter_queryset(self.get_queryset())
        # By token, because that is how the table is indexed.
        tokens = Contract.objects.filter(kind__in=families.token_kinds())
        power = self.get_queryset().filter(contract__in=tokens, address=found)
        chosen = Delegation.objects.filter(delegator=found).select_related("contract__chain")
        latest = chosen.order_by("contract_id", "-block_number", "-log_index")
        votes = f"{reverse('api-votes', request=request)}?voter={found}"
        told = {
            "address": found,
            "power": power.order_by("contract_id"),
            "delegates_to": latest.distinct("contract_id"),
            "votes": votes,
        }
        return Response(self.get_serializer(told).data)


@extend_schema(tags=["governance"])
class OperationViewSet(mixins.ListModelMixin, FreshViewSet):
    """Operations of timelocks, newest first."""

    queryset = Operation.objects.select_related("contract__chain").prefetch_related(
        Prefetch("calls", OperationCall.objects.select_related("contract__chain")), "events"
    )
    serializer_class = OperationSerializer
    filterset_class = OperationFilters
    orders = {"newest": ("-timestamp", "-id")}

    def paginate_queryset(self, queryset: QuerySet[Operation]) -> Any:  # type: ignore[override]
        self.page = super().paginate_queryset(queryset)
        return self.page

    def get_serializer_context(self) -> dict[str, Any]:
        ids = [operation.operation_id for operation in self.page or []]
        return {**super().get_serializer_context(), "proposals": _proposal_keys(ids)}


def _proposal_keys(operations: list[str]) -> dict[str, str]:
    """Keys of proposals by operation id, be it of the whole or of one call. Two queries."""
    whole = Proposal.objects.filter(operation_id__in=operations)
    single = Proposal.objects.filter(actions__operation_id__in=operations)
    return {
        operation: key
        for operation, key in (
            *whole.values_list("operation_id", "key"),
            *single.values_list("actions__operation_id", "key"),
        )
        if operation
    }
