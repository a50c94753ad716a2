"""The head of a certificate: what it is about, what it claims, and which shards it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from .encoding import Json, decimal, entries, fields, hexed, read_decimal, read_hex
from .refusals import MalformedCertificate, TooLarge
from .rules import GovernorRules, TokenRules

MAX_SHARDS = 4096
MAX_SHARD_BYTES = 1 << 20
MAX_SHARDS_BYTES = 1 << 30
MAX_REASON = 500

STATE, CODE, GOVERNOR, TOKEN = "state", "code", "governor", "token"
HISTORY, HEADERS, RECEIPTS, POWERS, USED = "history", "headers", "receipts", "powers", "used"
FIRST = (STATE, CODE, GOVERNOR, TOKEN)
# Those of one rank may alternate; ranks never go down.
_RANKS = {HISTORY: 0, HEADERS: 0, RECEIPTS: 1, POWERS: 2, USED: 3}

_ABSENT, _KEPT = "absent", "kept"
VOTES, QUORUM = "votes", "quorum"
PARTS = (VOTES, POWERS, QUORUM)
"""Parts that a certificate may lack, with a reason for each in ``missing``."""


@dataclass(frozen=True, slots=True)
class ShardName:
    """Kind, keccak256 and size in bytes of a shard."""

    kind: str
    hash: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a certificate is about and claims.

    ``anchor`` is a block hash; ``missing`` gives the issuer's reason for each part that is not
    there; ``result`` is compared, whole, with what the witnesses give. ``zeros_kept`` says that the
    chain's nodes keep leaves of slots that hold zero; see ``proving.Zeros``.
    """

    chain_id: int
    anchor: bytes
    proposal_id: int
    governor: GovernorRules
    token: TokenRules
    missing: dict[str, str]
    result: Json
    zeros_kept: bool
    shards: tuple[ShardName, ...]

    @classmethod
    def of(cls, value: Json) -> Head:
        """From the JSON of a head. Raises MalformedCertificate, TooLarge."""
        found = fields(
            value,
            "",
            "anchor",
            "chain",
            "governor",
            "missing",
            "proposal",
            "result",
            "shards",
            "token",
            "zeros",
        )
        if found["zeros"] not in (_ABSENT, _KEPT):
            raise MalformedCertificate("head", "zeros", f"it is neither {_ABSENT} nor {_KEPT}.")
        governor = GovernorRules.of(found["governor"])
        missing = _missing(found["missing"])
        if (QUORUM in missing) != (governor.quorum is None):
            raise MalformedCertificate("head", "missing.quorum", "it contradicts governor.quorum.")
        token = TokenRules.of(found["token"])
        if (token.layout.supply is None) == governor.is_share:
            raise MalformedCertificate("head", "token.slots.supply", "it is missing, or of no use.")
        return cls(
            chain_id=read_decimal(found["chain"], "chain"),
            anchor=read_hex(found["anchor"], "anchor", 32),
            proposal_id=read_decimal(found["proposal"], "proposal"),
            governor=governor,
            token=token,
            missing=missing,
            result=found["result"],
            zeros_kept=found["zeros"] == _KEPT,
            shards=_shards(found["shards"], missing),
        )

    def json(self) -> Json:
        """As it is written."""
        return {
            "anchor": hexed(self.anchor),
            "chain": decimal(self.chain_id),
            "governor": self.governor.json(),
            "missing": dict(self.missing),
            "proposal": decimal(self.proposal_id),
            "result": self.result,
            "shards": [
                {"hash": hexed(one.hash), "kind": one.kind, "size": decimal(one.size)}
                for one in self.shards
            ],
            "token": self.token.json(),
            "zeros": _KEPT if self.zeros_kept else _ABSENT,
        }


def _missing(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MalformedCertificate("head", "missing", "it is no object.")
    found = {}
    for part, reason in value.items():
        if part not in PARTS:
            raise MalformedCertificate("head", "missing", "it names a part that is not known.")
        if not isinstance(reason, str) or not 0 < len(reason) <= MAX_REASON:
            raise MalformedCertificate("head", f"missing.{part}", "it is no reason.")
        found[part] = reason
    if VOTES in found and POWERS not in found:
        raise MalformedCertificate("head", "missing", "powers cannot be there without votes.")
    return found


def _shards(value: Json, missing: dict[str, str]) -> tuple[ShardName, ...]:
    names = []
    for position, entry in enumerate(entries(value, "shards", MAX_SHARDS)):
        place = f"shards.{position}"
        row = fields(entry, place, "hash", "kind", "size")
        size = read_decimal(row["size"], f"{place}.size")
        if not 0 < size <= MAX_SHARD_BYTES:
            raise TooLarge("head", f"{place}.size", f"it is not 1 to {MAX_SHARD_BYTES}.")
        names.append(ShardName(row["kind"], read_hex(row["hash"], f"{place}.hash", 32), size))
    if sum(name.size for name in names) > MAX_SHARDS_BYTES:
        raise TooLarge("head", "shards", f"together they exceed {MAX_SHARDS_BYTES} bytes.")
    kinds = [name.kind for name in names]
    if tuple(kinds[: len(FIRST)]) != FIRST:
        raise MalformedCertificate("head", "shards", f"they do not begin with {', '.join(FIRST)}.")
    rank = 0
    for position, kind in enumerate(kinds[len(FIRST) :], len(FIRST)):
        # A list or an object would not even be a key.
        if not isinstance(kind, str) or _RANKS.get(kind, -1) < rank:
            raise MalformedCertificate(
                "head", f"shards.{position}.kind", "it is not known, or out of order."
            )
        rank = _RANKS[kind]
        if VOTES in missing or (POWERS in missing and kind in (POWERS, USED)):
            raise MalformedCertificate(
                "head", f"shards.{position}.kind", "it belongs to a part that is missing."
            )
    return tuple(names)
