"""What all governors have in common: the order in which their logs become rows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chainsync.kinds import Kind, LogRecord
from charter.models import Contract
from governance import families
from governance.families import GovernorRules
from governance.folding import parameters, proposals, strays, told, votes
from governance.folding.parameters import Setting
from governance.folding.proposals import Created, Said
from governance.folding.votes import VoteRecord
from governance.models import StrayEvents

PROPOSAL = StrayEvents.Noun.PROPOSAL

VoteDecoder = Callable[[LogRecord], VoteRecord]


class _Heard(NamedTuple):
    """What the logs of a governor say; `lines` are those of `votes.lines`."""

    created: list[Created]
    said: list[Said]
    cast: list[VoteRecord]
    lines: list[str]
    changes: list[parameters.Change]


def governor_kind(
    name: str,
    rules: GovernorRules,
    vote_decoders: dict[bytes, VoteDecoder],
    settings: Sequence[Setting],
    said: Sequence[bytes],
) -> Kind:
    """Build the kind of a governor.

    `vote_decoders` by first topic, `said` the first topics of what it says of its proposals,
    `settings` the events by which it tells its parameters.
    """
    families.declare_governor(name, rules)
    telling = parameters.Settings(settings)

    def decode(logs: Sequence[LogRecord]) -> _Heard:
        return _decode(logs, vote_decoders, telling)

    def fold(contract: Contract, heard: _Heard) -> None:
        _fold(contract, heard, rules)

    def unfold(contract: Contract, from_block: int) -> None:
        _unfold(contract, from_block)

    return Kind(
        name=name,
        topics=frozenset(
            {proposals.PROPOSAL_CREATED.topic0, *said, *vote_decoders, *telling.topics}
        ),
        decode=decode,
        fold=fold,
        unfold=unfold,
    )


def _decode(
    logs: Sequence[LogRecord],
    vote_decoders: dict[bytes, VoteDecoder],
    telling: parameters.Settings,
) -> _Heard:
    created: list[Created] = []
    said: list[Said] = []
    cast: list[VoteRecord] = []
    changes: list[parameters.Change] = []
    for log in logs:
        topic = log.topics[0]
        if decode := vote_decoders.get(topic):
            cast.append(decode(log))
        elif topic == proposals.PROPOSAL_CREATED.topic0:
            created.append(proposals.decode_created(log))
        elif topic in telling.topics:
            changes += telling.decode(log)
        else:
            said.append(proposals.decode_said(log))
    return _Heard(created, said, cast, votes.lines(cast), changes)


def _fold(contract: Contract, given: _Heard, rules: GovernorRules) -> None:
    created, said, cast, lines, changes = given
    new = proposals.create(contract, rules.family, created)
    named = {vote.proposal_id for vote in cast} | {one.proposal_id for one in said}
    pks = proposals.known(contract, named)
    began = {one.proposal_id: _place(one.log) for one in created}

    def stray(one: Said | VoteRecord) -> bool:
        number = one.proposal_id
        return number not in pks or (number in began and _place(one.log) < began[number])

    # With a hundred thousand votes on what is known, each is not asked about once more.
    if began or not named <= pks.keys():
        heard: list[Said | VoteRecord] = [*cast, *said]
        strays.count(
            contract,
            PROPOSAL,
            [(one.log, str(one.proposal_id)) for one in heard if stray(one)],
        )
        lines = [line for vote, line in zip(cast, lines, strict=True) if not stray(vote)]
        cast = [vote for vote in cast if not stray(vote)]
        said = [one for one in said if not stray(one)]
    spoken = proposals.record(contract, said, pks)
    voted = votes.fold(contract, cast, lines, pks)
    parameters.write(contract, changes)

    if new:
        told.proposals_changed([(one.key, one.title) for one in new], "created")
        told.proposal_list_changed(contract, "created", len(new))
    told.changed_by_id(spoken, "progress")
    told.changed_by_id(voted, "votes")


def _place(log: LogRecord) -> tuple[int, int]:
    return log.block_number, log.log_index


def _unfold(contract: Contract, from_block: int) -> None:
    voted = votes.unfold(contract, from_block)
    gone, spoken = proposals.unfold(contract, from_block)
    parameters.unfold(contract, from_block)
    strays.forget(contract, PROPOSAL, from_block)

    told.proposals_changed(gone, "gone")
    if gone:
        told.proposal_list_changed(contract, "gone", len(gone))
    told.changed_by_id(voted | spoken, "reorg")
