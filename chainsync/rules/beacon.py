"""What is wrong with the signatures that an L1's finality is checked by."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chainsync.rules.levels import ALARM, WARNING, Conditions
from ledger.findings import Standing

SILENT_SECONDS = 30.0
SILENT_LOOKS = 3
FEW_EPOCHS = 3
STALLED_EPOCHS = 6
"""Of a chain that finalizes, the finalized block is two to three epochs old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconFacts:
    """The light client of one chain. `cadence` and `epoch` are seconds between two looks, and of
    an epoch; `silent` and `few` seconds since no endpoint answered, and since newest signatures
    are by less than two thirds; `age` epochs since the finalized block, `still` seconds since we
    learned of it. Texts are empty and numbers None where there is nothing to say."""

    chain: str
    name: str
    cadence: float
    epoch: float
    problem: str = ""
    silent: float | None = None
    silence: str = ""
    refused: str = ""
    few: float | None = None
    participants: int | None = None
    age: int | None = None
    still: float | None = None
    lapsed: str = ""
    contradicts: str = ""
    forced: bool = False


def silent(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.silent`: no endpoint gives anything sound, or none can be asked."""
    return _where(
        beacons,
        lambda one: bool(one.problem) or _longer(one.silent, _patience(one)),
        lambda one: Standing(
            level=WARNING,
            summary=f"No beacon endpoint of {one.name} can be relied on: nothing newer is signed. "
            + (one.problem or "See the chain's page for what each of them did."),
            facts={"endpoints": one.silence or one.refused},
        ),
    )


def refused(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.refused`: at the last look an endpoint gave something that does not hold."""
    return _where(
        beacons,
        lambda one: bool(one.refused),
        lambda one: Standing(
            level=WARNING,
            summary=f"A beacon endpoint of {one.name} gave what does not hold, and it was refused.",
            facts={"refused": one.refused},
        ),
    )


def participation(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.participation`: for three epochs less than two thirds of the committee sign."""
    return _where(
        beacons,
        lambda one: _longer(one.few, FEW_EPOCHS * one.epoch),
        lambda one: Standing(
            level=WARNING,
            summary=f"Less than two thirds of {one.name}'s sync committee sign, so nothing newer "
            "is signed as final.",
            facts={"participants": one.participants},
        ),
    )


def stalled(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.stalled`: endpoints answer, and what they show as final grows old."""
    return _where(
        beacons,
        lambda one: (
            one.silent is None
            and _longer(one.age, STALLED_EPOCHS)
            and _longer(one.still, STALLED_EPOCHS * one.epoch)
        ),
        lambda one: Standing(
            level=WARNING,
            summary=f"The beacon endpoints of {one.name} answer, but show nothing newer as final "
            f"than {STALLED_EPOCHS} epochs ago. Either the chain does not finalize, or they hold "
            "it back: compare with a node of another operator.",
        ),
    )


def checkpoint_old(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.checkpoint-old`: signatures were followed from a point beyond weak subjectivity."""
    return _where(
        beacons,
        lambda one: bool(one.lapsed),
        lambda one: Standing(
            level=ALARM, summary=f"{one.lapsed} Nothing of {one.name} is certified until then."
        ),
    )


def contradicts_chain(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.contradicts-chain`: the signed block is another than the one that nodes gave us."""
    return _where(
        beacons,
        lambda one: bool(one.contradicts),
        lambda one: Standing(level=ALARM, summary=one.contradicts),
    )


def forced(beacons: Iterable[BeaconFacts]) -> Conditions:
    """`beacon.forced`: the light client was once advanced by less than two thirds."""
    return _where(
        beacons,
        lambda one: one.forced,
        lambda one: Standing(
            level=ALARM,
            summary=f"The light client of {one.name} was advanced by less than two thirds of a "
            "committee, which workers never do. It certifies nothing any more: write a newer "
            "checkpoint into venue.toml, and find out who wrote into the database.",
        ),
    )


def _where(
    beacons: Iterable[BeaconFacts],
    holds: Callable[[BeaconFacts], bool],
    says: Callable[[BeaconFacts], Standing],
) -> Conditions:
    return {one.chain: says(one) for one in beacons if holds(one)}


def _patience(one: BeaconFacts) -> float:
    return max(SILENT_SECONDS, SILENT_LOOKS * one.cadence)


def _longer(since: float | None, limit: float) -> bool:
    return since is not None and since > limit
