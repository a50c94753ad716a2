"""What readers are told of a fold: one outbox row a topic and batch, whatever its size."""

from collections.abc import Iterable

from charter.models import Contract
from governance.models import Proposal
from ledger.actions import tell


def proposals_changed(proposals: Iterable[tuple[str, str]], event: str) -> None:
    """Tell `proposal:<key>` of each (key, title)."""
    for key, title in proposals:
        tell(topic=f"proposal:{key}", event=event, detail={"key": key, "title": title})


def changed_by_id(pks: Iterable[int], event: str) -> None:
    """Tell the topics of these proposals by primary key."""
    proposals_changed(
        Proposal.objects.filter(pk__in=list(pks)).order_by("pk").values_list("key", "title"), event
    )


def proposal_list_changed(contract: Contract, event: str, number: int) -> None:
    """Tell `proposals` that `number` proposals of a governor came, changed or went."""
    tell(topic="proposals", event=event, detail={"governor": contract.key, "proposals": number})


def delegates_changed(contract: Contract, number: int) -> None:
    """Tell `delegates:<token key>` that `number` delegates changed."""
    tell(topic=f"delegates:{contract.key}", event="delegates", detail={"delegates": number})


def operations_changed(contract: Contract, number: int) -> None:
    """Tell `operations` that `number` operations of a timelock changed."""
    tell(
        topic="operations",
        event="operations",
        detail={"timelock": contract.key, "operations": number},
    )
