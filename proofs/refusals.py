"""Typed refusals: what every function of this package raises instead of guessing.

A refusal names what is wrong in words (``str(refusal)``) and in data (``refusal.facts``), so a
caller can show it, count it or act on it. Inputs are untrusted: a refusal is an ordinary outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class Refusal(ValueError):
    """The input does not allow the statement. ``facts`` holds the values that say why."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts

    def bare(self) -> Self:
        """This refusal without the frames in which it arose: kept by the thousand, they would keep
        alive all that was looked at."""
        one: BaseException | None = self
        while one is not None:
            one.__traceback__ = None
            one = one.__cause__ or one.__context__
        return self


class NotAnInteger(Refusal):
    """A quantity was given as something other than an int (floats and booleans included)."""


class OutOfRange(Refusal):
    """An integer is negative or wider than the field it comes from."""


class NotBytes(Refusal):
    """Raw data was given as something other than bytes."""


class WrongLength(Refusal):
    """An address, a hash or a list does not have the length it must have."""


class NotUtf8(Refusal):
    """A text cannot be written as UTF-8, so no contract can have hashed it as given."""


class UnknownClockMode(Refusal):
    """An ERC-6372 CLOCK_MODE that this package cannot evaluate."""


class UnknownCountingMode(Refusal):
    """A COUNTING_MODE with a word whose meaning is not known here."""


class ImpossibleVote(Refusal):
    """A vote event that the counting contract cannot have emitted."""


class WeightMismatch(ImpossibleVote):
    """The parts of a fractional vote do not add up to the weight of its event."""


class ImpossibleFacts(Refusal):
    """Facts of a proposal that no contract of that family can hold together."""


class NonexistentProposal(Refusal):
    """The governor holds no proposal under this id (its vote start is zero)."""


class UnknownQuorum(Refusal):
    """The outcome depends on the quorum, and the quorum was not given."""


class UnknownOperation(Refusal):
    """The state depends on the timelock, and its word on the operation was not given."""


class UnknownMoment(Refusal):
    """A proposal was canceled, and when was not given, so its timeline cannot be told."""


class InvalidFraction(Refusal):
    """A quorum fraction with no denominator, or of more than the whole supply."""


class FutureLookup(Refusal):
    """Voting power was asked for a timepoint that the clock has not passed yet."""


class UnorderedCheckpoints(Refusal):
    """A checkpoint history whose keys do not strictly increase."""


class NotRlp(Refusal):
    """Bytes that are not the one canonical RLP form of anything."""


class NotHex(Refusal):
    """A field of a node's answer that should be hex digits after 0x, and is not."""


class UnknownHeader(Refusal):
    """A block header whose fields are not those of any fork that is known here."""


class MalformedHeader(Refusal):
    """Bytes under a block hash that are no header: not RLP, or fields that no header has."""


class HashMismatch(Refusal):
    """What was given does not hash to the hash that it was given under."""


class UnknownReceipt(Refusal):
    """A receipt whose type or fields are not known here, so that its root cannot be computed."""


class DisorderedReceipts(Refusal):
    """Receipts whose indices are not those of one whole block, in order."""


class RootMismatch(Refusal):
    """Receipts that are not the ones under the receipts root of their block's header."""


class NotInBloom(Refusal):
    """A log whose address or topics the block's logs bloom denies."""


class MalformedProof(Refusal):
    """A node of a proof that no Merkle-Patricia trie holds. ``node`` and ``depth`` say where."""


class MissingNode(Refusal):
    """A proof that ends before its path does."""


class UnusedNode(Refusal):
    """A proof with a node that it does not need, or with the same one twice."""


class MalformedAccount(Refusal):
    """A proven value that is no account: its fields are not the four, or not canonical."""


class MalformedWord(Refusal):
    """A proven value that no slot of a contract's storage can hold."""


class MalformedReceipt(Refusal):
    """A proven value that is no receipt of a type that is known, or whose bloom is another's."""


class AnotherAnswer(Refusal):
    """An answer about an account or a slot that was not asked for."""


class ValueMismatch(Refusal):
    """A value that was claimed beside a proof, and that the proof contradicts."""


class UnprovenRoot(Refusal):
    """A root that a statement needs, and that neither the header holds nor a proof gives."""


class NotArbitrum(Refusal):
    """A header in which ArbOS has written nothing, so that no send root can be read from it."""


class NoCommitment(Refusal):
    """A contract on L1 that holds no such output, game, node, assertion or block."""


class CommitmentMismatch(Refusal):
    """A commitment on L1 that is another block's of the L2 than the one it is held against."""


class UnreadableAnswer(Refusal):
    """A node's reply that is no JSON, an error, or not of the shape of its kind."""


class BatchRefused(Refusal):
    """Items of a batch are refused. ``refusals`` has them by item; ``answers`` has what holds."""

    def __init__(self, refusals: Mapping[Any, Refusal], answers: Mapping[Any, Any]) -> None:
        item, refusal = next(iter(refusals.items()))
        super().__init__(
            f"Refused are {len(refusals)} of a batch, first item {item}: {refusal}", item=item
        )
        self.refusals = refusals
        self.answers = answers

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.refusals, self.answers)


class UnprovenSlot(Refusal):
    """A statement needs a storage slot that is not among the proven ones."""


class UnusedWord(Refusal):
    """A storage word was proven that no statement asks for."""


class ImpossibleWord(Refusal):
    """A storage word that a contract of the claimed layout cannot have written."""


class WrongCheckpoint(Refusal):
    """A checkpoint that is not the one in force at the timepoint, by its key or its neighbour's."""


class BrokenOwnerList(Refusal):
    """The linked list of a Safe's owners or modules does not close, or not over those named."""


class UnknownLayout(Refusal):
    """No candidate layout gives the answers that are known."""


class AmbiguousLayout(Refusal):
    """Several candidate layouts give the answers that are known, so none can be trusted."""


class WeakProbe(Refusal):
    """Known answers that would not tell a right layout from a wrong one."""


class StaleLayout(Refusal):
    """A layout that was discovered on other code, another implementation or another contract."""


class MalformedPoint(Refusal):
    """Bytes that are not the one encoding of any point: flags, padding or range."""


class NotOnCurve(Refusal):
    """Coordinates within range that are no point of the curve."""


class NotInSubgroup(Refusal):
    """A point of the curve that lies outside the subgroup of prime order."""


class PointAtInfinity(Refusal):
    """The point at infinity where it would make any signature or proof pass."""


class NothingToVerify(Refusal):
    """An aggregate over no keys or no signatures at all, which states nothing."""


class InvalidSignature(Refusal):
    """A signature that is not the one of these keys over this message."""


class BackendFault(Refusal):
    """A native library gave up on an input that passed every check before it."""


class NotSsz(Refusal):
    """Bytes or JSON that are not the one form of the SSZ container that was expected."""


class BranchMismatch(Refusal):
    """A Merkle branch that does not lead from its leaf to its root at its index."""


class UnknownFork(Refusal):
    """A fork of the beacon chain that is not known here, or has no light clients yet."""


class UnprovenPart(Refusal):
    """An update with a header or a committee, and no branch that proves it."""


class UnorderedSlots(Refusal):
    """An update that was not finalized, attested and signed in this order."""


class FutureSlot(Refusal):
    """An update that was signed later than now."""


class PeriodGap(Refusal):
    """An update of a sync committee period whose committee is not known, since one was skipped."""


class StaleUpdate(Refusal):
    """An update that tells nothing that the store does not know."""


class CommitteeMismatch(Refusal):
    """A next sync committee that is not the one that was proven before."""


class AdvancedByForce(Refusal):
    """A light client that was once advanced by less than two thirds, and certifies nothing more."""


class NotFinalized(Refusal):
    """A light client that has only its checkpoint, which nobody has signed for."""


class NoExecutionHeader(Refusal):
    """A beacon block older than Capella, which proves no execution block to light clients."""


class ForeignLog(Refusal):
    """A log of another contract, another event or another proposal than the one asked about."""


class MalformedLog(Refusal):
    """A log whose topics or data are not the one ABI form of its event."""


class DuplicateLog(Refusal):
    """The same log given twice: it counts once, whoever its voter is."""


class MalformedSignature(Refusal):
    """An ECDSA signature of another length, with r or s out of range, or another v than allowed."""


class HighS(Refusal):
    """An ECDSA signature in the high half of s, where the rule allows only the low one."""


class NoSigner(Refusal):
    """An ECDSA signature that no key can have made over this digest."""


class AliasedInput(Refusal):
    """A public input that is not below the order of the group: another number means the same."""


class DegenerateKey(Refusal):
    """A Groth16 verifying key under which anybody could make proofs, or inputs are not bound."""


class InvalidProof(Refusal):
    """A well-formed proof that does not prove its public inputs under its key."""
