"""The first shards: the anchor's header, both contracts' code, and what is in their storage."""

from __future__ import annotations

from ..chain.account import Account
from ..keccak import keccak256
from ..refusals import Refusal
from . import proving
from .facts import Facts, Proven, check_implementation, governor_slots, read_facts, token_slots
from .form import Head
from .linking import Block, read_header
from .refusals import ClaimMismatch, MalformedCertificate, PartRefused, TooLarge
from .rules import MAX_CODE_BYTES, Contract
from .witnesses import Checkpoint, Reading, State, Storage


class Ground:
    """What every further statement stands on, taken in shard by shard.

    Everything raises PartRefused, MalformedCertificate, Disordered, ClaimMismatch.
    """

    block: Block
    governor_root: bytes
    token_root: bytes
    facts: Facts

    def __init__(self, head: Head) -> None:
        self._head = head
        self.zeros = proving.Zeros(kept=head.zeros_kept)
        self._code = b""
        self._governor: dict[int, bytes] = {}
        self._numerator: Checkpoint | None = None

    def state(self, item: str, one: State) -> None:
        """Check the header and the accounts of governor, token and their implementations."""
        self.block = read_header(item, "header", one.header)
        if self.block.hash != self._head.anchor:
            raise ClaimMismatch(
                item,
                "header",
                f"it hashes to 0x{self.block.hash.hex()}, which is not the anchor.",
                claimed=self._head.anchor,
                found=self.block.hash,
            )
        wanted = code_hashes(self._head)
        found = proving.accounts(item, self.block.state_root, list(wanted), one.nodes)
        accounts: dict[bytes, Account] = dict(zip(wanted, found, strict=True))
        for address, claimed in wanted.items():
            if accounts[address].code_hash != claimed:
                raise ClaimMismatch(
                    item,
                    f"account 0x{address.hex()}",
                    f"its code is 0x{accounts[address].code_hash.hex()}, not 0x{claimed.hex()}.",
                    claimed=claimed,
                    found=accounts[address].code_hash,
                )
        self.governor_root = accounts[self._head.governor.contract.address].storage_root
        self.token_root = accounts[self._head.token.contract.address].storage_root

    def code(self, item: str, code: bytes) -> None:
        """Check the code that the governor runs, raw bytes."""
        if len(code) > MAX_CODE_BYTES:
            raise TooLarge(item, "", f"code of more than {MAX_CODE_BYTES} bytes.")
        if keccak256(code) != self._head.governor.contract.running_code:
            raise ClaimMismatch(item, "", "it is not the code that the governor runs.")
        self._code = code

    def governor(self, item: str, one: Storage) -> None:
        """Check the governor's words."""
        self._share(item, one)
        rules = self._head.governor
        kept = one.checkpoint is not None and one.checkpoint.length > 0
        if rules.layout.quorum_legacy is not None and kept:
            raise MalformedCertificate("head", "governor.slots.numerator", "it is of no use.")
        try:
            slots = governor_slots(rules, self._head.proposal_id, one.checkpoint)
        except Refusal as refusal:
            raise PartRefused(item, "checkpoint", refusal) from refusal
        self._governor = proving.words(item, self.governor_root, slots, one.nodes, self.zeros)
        self._numerator = one.checkpoint
        check_implementation(item, rules.contract, self._governor)

    def token(self, item: str, one: Storage) -> None:
        """Check the token's words, and read what they and the governor's say together."""
        self._share(item, one)
        rules = self._head.token
        try:
            slots = token_slots(rules, one.checkpoint)
        except Refusal as refusal:
            raise PartRefused(item, "checkpoint", refusal) from refusal
        words = proving.words(item, self.token_root, slots, one.nodes, self.zeros)
        check_implementation(item, rules.contract, words)
        proven = Proven(
            block=self.block,
            code=self._code,
            governor=self._governor,
            numerator=self._numerator,
            token=words,
            supply=one.checkpoint,
        )
        self.facts = read_facts(self._head.governor, rules, self._head.proposal_id, proven)

    def take(self, kind: str, item: str, data: bytes) -> None:
        """Check one of the first shards by its kind."""
        match kind:
            case "state":
                self.state(item, Reading(item, data).state())
            case "code":
                self.code(item, data)
            case "governor":
                self.governor(item, Reading(item, data).storage())
            case _:
                self.token(item, Reading(item, data).storage())

    def _share(self, item: str, one: Storage) -> None:
        if (one.checkpoint is not None) != self._head.governor.is_share:
            raise MalformedCertificate(item, "checkpoint", "it is missing, or of no use.")


def code_hashes(head: Head) -> dict[bytes, bytes]:
    """The accounts that a certificate proves, and the code that each must have."""
    wanted: dict[bytes, bytes] = {}
    for contract in (head.governor.contract, head.token.contract):
        for address, code in _codes(contract):
            if wanted.setdefault(address, code) != code:
                raise MalformedCertificate(
                    "head", "token", f"0x{address.hex()} cannot have two sorts of code."
                )
    return wanted


def _codes(contract: Contract) -> list[tuple[bytes, bytes]]:
    found = [(contract.address, contract.code_hash)]
    if contract.implementation is not None and contract.implementation_code is not None:
        found.append((contract.implementation, contract.implementation_code))
    return found
