"""What may still change the course of a living proposal, in sentences."""

from chainsync import kinds
from governance import queries, wording
from governance.directory import Directory, profile
from governance.folding.proposals import PROPOSAL_EXTENDED
from governance.pages import Card
from proofs.statements.lifecycle import ProposalState

_VOTING = (ProposalState.PENDING, ProposalState.ACTIVE)


def prospects(shown: Card, directory: Directory) -> list[str]:
    """That a late quorum may extend the voting, and who may cancel; one query at most."""
    state = shown.standing.state
    if state is None or shown.standing.ended:
        return []
    found = [_extension(shown)] if state in _VOTING else []
    return [words for words in (*found, _guardian(shown, directory)) if words]


def _extension(shown: Card) -> str:
    """Voting is extended once, by the vote that reaches the quorum, and only where that is late."""
    check = shown.standing.quorum
    reached = check is not None and check.reached and shown.standing.open
    able = PROPOSAL_EXTENDED.topic0 in kinds.get(shown.governor.kind).topics
    if reached or shown.facts.extended_deadline or not able:
        return ""
    length = queries.late_extension(shown.governor)
    if length == 0:
        return ""
    if length is None:
        return "If the quorum is reached only shortly before the close, voting may be extended."
    span = wording.span(length, shown.facts.clock_mode)
    return (
        f"If the quorum is reached only in the last {span}, voting stays open for {span} from then."
    )


def _guardian(shown: Card, directory: Directory) -> str:
    profiled = profile(shown.governor)
    if profiled is None or not profiled.guardian or int(profiled.guardian, 16) == 0:
        return ""
    name = directory.label(shown.chain.pk, profiled.guardian) or profiled.guardian
    return f"Until it is executed, the guardian ({name}) may cancel it."
