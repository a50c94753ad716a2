"""What contracts hold at one block, believed only where a proof shows it under that block's root.

Any endpoint may be asked, since an answer proves itself; who gives one that does not is passed over
for the next. Many slots are asked in several requests at once, and each reply is checked in batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import msgspec

from chainsync.endpoint import wire
from chainsync.endpoint.failures import MalformedReply, NoEndpoint
from chainsync.endpoint.pool import Pool, Source, pool_of
from chainsync.endpoint.rpc import Client
from chainsync.models import Block
from charter.models import Chain
from proofs.certificate.proving import Zeros, words
from proofs.certificate.witnesses import node_set
from proofs.chain import getproof, header
from proofs.chain.account import ABSENT, Account
from proofs.chain.answers import data, octets
from proofs.chain.getproof import Asked, Proven
from proofs.chain.nesting import shallow
from proofs.chain.node import SHORTEST_NAMED
from proofs.keccak import keccak256
from proofs.refusals import BatchRefused, HashMismatch, Refusal
from proofs.statements.storage.histories import History, decode_checkpoint, proven_length

SLOTS_AT_ONCE = 1000
"""Slots of a request. A node's work for one is in proportion to its state, and at 1,024 the most
used node refuses."""
FEWEST_AT_ONCE = 125
"""A request that nobody answers is put again in halves, down to so many slots."""
IN_FLIGHT = 2
"""Requests at once: while one reply is checked the next one is made."""
COMPILED_FROM = 10_000
"""From so many slots on the compiled checks save more time than loading them takes."""
SECONDS = 60.0


class _Row(msgspec.Struct, gc=False):
    proof: list[str]


class _Nodes(msgspec.Struct, gc=False):
    accountProof: list[str]  # noqa: N815 - as nodes name it
    storageProof: list[_Row]  # noqa: N815


class _Reply(msgspec.Struct, gc=False):
    """Of a reply to eth_getProof, only its nodes."""

    result: _Nodes


_decode_nodes = msgspec.json.Decoder(_Reply).decode


@dataclass
class _Contract:
    """What was proven of one contract so far, with the nodes that prove it."""

    account: Account = ABSENT
    nodes: list[bytes] = field(default_factory=list)
    words: dict[int, bytes] = field(default_factory=dict)
    slot_nodes: dict[int, list[bytes]] = field(default_factory=dict)

    def add(self, other: "_Contract") -> None:
        self.words |= other.words
        self.slot_nodes |= other.slot_nodes


class ProvenState:
    """Accounts and storage at one journalled block. Every method but `nodes` may ask the network;
    raises NoEndpoint where no endpoint proves what is asked."""

    def __init__(self, chain: Chain, block: Block) -> None:
        self.block = block
        self.header = header.encode(block.header)
        found = keccak256(self.header)
        if found != bytes.fromhex(block.hash[2:]):
            raise HashMismatch(f"The journalled header of block {block.number} has another hash.")
        self.pool: Pool = pool_of(chain)
        self._root = data(block.header, "stateRoot", 32)
        self._contracts: dict[bytes, _Contract] = {}
        self._at_once = SLOTS_AT_ONCE
        self._nodes: dict[bytes, bytes] = {}
        """Each different node once: proofs of many slots share most of theirs."""

    def account(self, address: bytes) -> Account:
        """An account; one that is absent counts as empty."""
        self.words(address, ())
        return self._contracts[address].account

    def account_nodes(self, address: bytes) -> list[bytes]:
        """The nodes that prove an account."""
        self.words(address, ())
        return self._contracts[address].nodes

    def words(self, address: bytes, slots: Iterable[int]) -> Mapping[int, bytes]:
        """The words of these slots, among others that were asked before."""
        known = self._contracts.get(address)
        wanted = list(dict.fromkeys(slots))
        missing = [slot for slot in wanted if known is None or slot not in known.words]
        parts = [
            missing[start : start + self._at_once]
            for start in range(0, len(missing), self._at_once)
        ]
        if known is None and not parts:
            parts = [[]]
        prove = partial(self._prove, address, compiled=len(missing) >= COMPILED_FROM)
        threads = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="proofs")
        try:
            for found in threads.map(prove, parts, range(len(parts))):
                self._contracts.setdefault(address, found).add(found)
        finally:
            threads.shutdown(cancel_futures=True)
        return self._contracts[address].words

    def nodes(self, address: bytes, slots: Iterable[int]) -> set[bytes]:
        """The nodes that prove slots which were asked before."""
        kept = self._contracts[address].slot_nodes
        return {node for slot in slots for node in kept[slot]}

    def code(self, address: bytes) -> bytes:
        """The code of an account, held against the hash in its proof."""
        expected = self.account(address).code_hash

        def question(client: Client) -> bytes:
            reply = client.call("eth_getCode", "0x" + address.hex(), self._at, seconds=SECONDS)
            code = wire.octets(wire.text(reply))
            if keccak256(code) != expected:
                raise HashMismatch("The code is not the one of the account.")
            return code

        return self.pool.ask(lambda source: source.ask(question))

    def places(
        self, address: bytes, histories: Sequence[History], timepoint: int
    ) -> list[tuple[int, int | None]]:
        """Length of each history, and the index of the checkpoint in force at a timepoint.

        All are searched together by halving, so the longest decides how many rounds it takes.
        """
        words = self.words(address, [history.length_slot for history in histories])
        lengths = [proven_length(history, words) for history in histories]
        # The key before `low` is at most the timepoint, the one at `high` lies beyond it.
        spans = [(0, length) for length in lengths]
        while any(low < high for low, high in spans):
            middles = [(low + high) // 2 for low, high in spans]
            wanted = [
                history.element_slot(middle)
                for history, middle, (low, high) in zip(histories, middles, spans, strict=True)
                if low < high
            ]
            words = self.words(address, wanted)
            for at, (history, middle) in enumerate(zip(histories, middles, strict=True)):
                low, high = spans[at]
                if low < high:
                    word = int.from_bytes(words[history.element_slot(middle)])
                    key, _ = decode_checkpoint(history.kind, word)
                    spans[at] = (middle + 1, high) if key <= timepoint else (low, middle)
        return [
            (length, low - 1 if low else None)
            for length, (low, _) in zip(lengths, spans, strict=True)
        ]

    @property
    def _at(self) -> dict[str, str]:
        return {"blockHash": self.block.hash}

    def _prove(
        self, address: bytes, slots: Sequence[int], number: int = 0, *, compiled: bool
    ) -> _Contract:
        """What is proven of these slots by one reply, or by several where nobody gives it in one;
        each number of a request begins with another endpoint."""
        most = self._at_once
        if len(slots) <= most:
            sources = self.pool.ranked()
            prefer = sources[number % len(sources)] if sources else None
            try:
                return self.pool.ask(partial(self._asked, address, slots, compiled), prefer=prefer)
            except NoEndpoint:
                if len(slots) <= FEWEST_AT_ONCE:
                    raise
                most = len(slots) // 2
        middle = (len(slots) + 1) // 2
        found = self._prove(address, slots[:middle], number, compiled=compiled)
        self._at_once = min(self._at_once, max(most, FEWEST_AT_ONCE))
        found.add(self._prove(address, slots[middle:], number, compiled=compiled))
        return found

    def _asked(
        self, address: bytes, slots: Sequence[int], compiled: bool, source: Source
    ) -> _Contract:
        keys = [f"0x{slot:064x}" for slot in slots]
        reply = source.ask(
            lambda client: client.call(
                "eth_getProof", "0x" + address.hex(), keys, self._at, seconds=SECONDS
            )
        )
        try:
            body = b"".join([b'{"result":', reply, b"}"])
            del reply
            return self._held(address, slots, body, compiled)
        except (ValueError, RecursionError) as refusal:
            failure = MalformedReply(source.name, f"gave a proof that does not hold: {refusal}")
            source.distrust(failure)
            raise failure from refusal

    def _held(self, address: bytes, slots: Sequence[int], body: bytes, compiled: bool) -> _Contract:
        """What a reply proves of these slots. Raises Refusal, and msgspec's errors."""
        proven, refused = _checked(self._root, Asked(address, slots), body, compiled)
        given = _decode_nodes(shallow(body)).result
        listed = [self._kept(row.proof) for row in given.storageProof]
        found = _Contract(
            proven.account or ABSENT,
            self._kept(given.accountProof),
            proven.by_slot(),
            dict(zip(slots, listed, strict=True)),
        )
        # Whether the chain keeps leaves of zero the certificate says, if it rests on one.
        root, zeros = found.account.storage_root, Zeros(kept=True)
        for position in refused:
            nodes = node_set(listed[position])
            found.words |= words("eth_getProof", root, [slots[position]], nodes, zeros)
        return found

    def _kept(self, texts: Iterable[str]) -> list[bytes]:
        """The nodes of a proof without those that its other nodes have in them."""
        nodes = [octets(text, "node") for text in texts]
        return [self._nodes.setdefault(node, node) for node in nodes if len(node) >= SHORTEST_NAMED]


def _checked(
    root: bytes, asked: Asked, body: bytes, compiled: bool
) -> tuple[Proven, Mapping[int, Refusal]]:
    """What a reply proves, and by position the slots of which it proves nothing as nodes of a
    chain by the protocol would. Raises Refusal where nothing of it holds."""
    check_all = getproof.check_all
    if compiled:
        # Not before it is wanted: numpy alone takes more memory than a small certificate.
        from proofs.chain import getproof_batch

        check_all = getproof_batch.check_all
    try:
        (proven,) = check_all(root, [asked], [body])
    except BatchRefused as batch:
        if (0, None) in batch.refusals:
            raise batch.refusals[0, None] from None
        return batch.answers[0], {at: refusal for (_, at), refusal in batch.refusals.items()}
    return proven, {}
