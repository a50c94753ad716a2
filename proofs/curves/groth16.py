"""Groth16 proofs on BN254: keys checked once, proofs checked one by one or in batch.

After Groth, "On the Size of Pairing-based Non-interactive Arguments" (EUROCRYPT 2016): a proof
(A, B, C) of the inputs x holds when e(A, B) = e(alpha, beta) e(IC_0 + sum x_i IC_i, gamma)
e(C, delta). Batches are combined by random weights of 128 bits, so that a batch with a false proof
passes with a chance of 2**-127 at most, whatever its maker knew but the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..inputs import fixed, unsigned
from ..refusals import AliasedInput, InvalidProof, Refusal, WrongLength
from .bn254 import G1_SIZE, G2_SIZE, ORDER, G1Point, G2Point, g1_from_bytes, g2_from_bytes
from .bn254_backend import Backend, Point, default
from .groth16_key import VerifyingKey, check_key

PROOF_SIZE = 2 * G1_SIZE + G2_SIZE
WEIGHT_SIZE = 16
"""Bytes of randomness for each proof of a batch."""

Randomness = Callable[[int], bytes]
"""Gives so many random bytes that a prover cannot foresee: ``os.urandom``."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose points are on their curves, as :func:`.bn254.g1` and ``g2`` checked them.

    None of them may be infinity: no honest prover makes such a proof, and some forgeries need it.
    """

    a: G1Point
    b: G2Point
    c: G1Point

    @classmethod
    def from_bytes(cls, data: bytes) -> Proof:
        """Read the 256 bytes that contracts take: A, B (imaginary parts first), C.

        Raises MalformedPoint, PointAtInfinity, NotOnCurve, NotBytes, WrongLength.
        """
        fixed("proof", data, PROOF_SIZE)
        return cls(
            g1_from_bytes("A", data[:G1_SIZE]),
            g2_from_bytes("B", data[G1_SIZE : G1_SIZE + G2_SIZE]),
            g1_from_bytes("C", data[G1_SIZE + G2_SIZE :]),
        )


Item = tuple[Proof | bytes, Sequence[int]]
"""A proof, or its 256 bytes, and its public inputs."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A proof in the backend's own points, and its inputs."""

    a: Point
    b: Point
    c: Point
    inputs: tuple[int, ...]


class Verifier:
    """A verifying key that passed every check, and the backend that computes.

    Raises DegenerateKey, NotInSubgroup, BackendFault.
    """

    def __init__(self, key: VerifyingKey, *, backend: Backend | None = None) -> None:
        self.key = key
        self.backend = backend or default()
        check_key(key)
        curve = self.backend
        self._alpha = curve.g1(key.alpha)
        self._beta, self._gamma, self._delta = (
            curve.g2(point) for point in (key.beta, key.gamma, key.delta)
        )
        self._ic = [curve.g1(point) for point in key.ic]

    def verify(self, proof: Proof | bytes, inputs: Sequence[int]) -> None:
        """Return if the proof holds for its public inputs.

        Raises InvalidProof, AliasedInput, WrongLength (their number), NotInSubgroup and what
        :meth:`Proof.from_bytes` raises; BackendFault.
        """
        self._verify(self._checked(proof, inputs))

    def verify_batch(self, items: Sequence[Item], randomness: Randomness) -> list[Refusal | None]:
        """Return for each item None if its proof holds, else the refusal ``verify`` would raise.

        A bad item has its place in ``facts["item"]``. Good batches cost one pairing for each proof
        and three more; a failing one is halved until the bad ones are alone, and checked one by one
        when many are bad, so that hostile batches cost a bounded multiple of good ones.
        """
        results: list[Refusal | None] = [None] * len(items)
        checked: dict[int, _Checked] = {}
        for place, (proof, inputs) in enumerate(items):
            try:
                checked[place] = self._checked(proof, inputs)
            except Refusal as refusal:
                results[place] = refusal
        if checked:
            search = _Search(self, checked, randomness)
            for place, invalid in search.bad(list(checked)).items():
                results[place] = invalid
        for place, found in enumerate(results):
            if found is not None:
                found.facts["item"] = place
        return results

    def _checked(self, proof: Proof | bytes, inputs: Sequence[int]) -> _Checked:
        expected = len(self.key.ic) - 1
        if len(inputs) != expected:
            raise WrongLength(
                f"The key has {expected} public inputs, {len(inputs)} were given.",
                length=len(inputs),
                expected=expected,
            )
        for index, value in enumerate(inputs):
            if unsigned(f"public input {index}", value) >= ORDER:
                raise AliasedInput(
                    f"Public input {index} is not below the order of the group.", index=index
                )
        parsed = proof if isinstance(proof, Proof) else Proof.from_bytes(proof)
        curve = self.backend
        return _Checked(curve.g1(parsed.a), curve.g2(parsed.b), curve.g1(parsed.c), tuple(inputs))

    def _verify(self, item: _Checked) -> None:
        if not self.holds([(item.a, item.b)], item.c, [1, *item.inputs]):
            raise InvalidProof("The proof does not hold for these inputs under this key.")

    def holds(self, left: list[tuple[Point, Point]], c: Point, scalars: list[int]) -> bool:
        """Whether the pairings of ``left`` are what key, combined C and scalars of IC ask for."""
        curve = self.backend
        inputs = curve.g1_combined(self._ic, scalars)
        alpha = self._alpha if scalars[0] == 1 else curve.g1_times(self._alpha, scalars[0])
        right = ((alpha, self._beta), (inputs, self._gamma), (c, self._delta))
        return curve.pairings_cancel([*left, *((curve.g1_negated(p), q) for p, q in right)])


class _Search:
    """Finds the bad proofs of one batch by halving, as long as a budget of pairings lasts."""

    BUDGET_PER_PROOF = 3

    def __init__(
        self, verifier: Verifier, items: dict[int, _Checked], randomness: Randomness
    ) -> None:
        self.verifier = verifier
        self.items = items
        size = WEIGHT_SIZE * len(items)
        drawn = fixed("randomness", randomness(size), size)
        chunks = (drawn[at : at + WEIGHT_SIZE] for at in range(0, size, WEIGHT_SIZE))
        # Odd, so that none is zero.
        self.weights = {
            place: int.from_bytes(chunk) | 1 for place, chunk in zip(items, chunks, strict=True)
        }
        times = verifier.backend.g1_times
        self.left = {
            place: (times(item.a, self.weights[place]), item.b) for place, item in items.items()
        }
        self.budget = self.BUDGET_PER_PROOF * len(items)

    def bad(self, places: list[int], *, known: bool = False) -> dict[int, Refusal]:
        """The refusals among ``places``; ``known`` says that there must be one."""
        if len(places) == 1 or self.budget <= 0:
            return self._one_by_one(places)
        if not known:
            self.budget -= len(places)
            if self._together(places):
                return {}
        half = len(places) // 2
        found = self.bad(places[:half])
        # If the first half is good the second is not: that check is saved.
        return found | self.bad(places[half:], known=not found)

    def _one_by_one(self, places: list[int]) -> dict[int, Refusal]:
        found: dict[int, Refusal] = {}
        for place in places:
            try:
                self.verifier._verify(self.items[place])
            except Refusal as refusal:
                found[place] = refusal
        return found

    def _together(self, places: list[int]) -> bool:
        weights = [self.weights[place] for place in places]
        rows = zip(*(self.items[place].inputs for place in places), strict=True)
        scalars = [sum(weights) % ORDER] + [
            sum(weight * value for weight, value in zip(weights, row, strict=True)) % ORDER
            for row in rows
        ]
        try:
            c = self.verifier.backend.g1_combined([self.items[p].c for p in places], weights)
            return self.verifier.holds([self.left[place] for place in places], c, scalars)
        except Refusal:
            # The library gave up on something in here: alone, each item says for itself.
            return False
