"""Whole chains that are not the real one: a forged branch, and another chain altogether."""

from __future__ import annotations

import json
from typing import Any

import rlp
from eth_utils import keccak

from lab.endpoint import Endpoint, Exchange, Handler, Middleware, Reply
from lab.faults.block_lies import is_block
from lab.faults.fault import Fault, Sort, first_param, rewriting, rows_of

FOREIGN_CHAIN_ID = 1
# The fields of a header in the order in which they are hashed; the later ones came with forks.
_FIELDS = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot",
    "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData",
    "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas",
    "parentBeaconBlockRoot", "requestsHash",
)  # fmt: skip
_QUANTITIES = frozenset(
    {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed",
     "excessBlobGas"}
)  # fmt: skip
_WITH_BLOCK_HASHES = ("eth_getLogs", "eth_getBlockReceipts", "eth_getTransactionReceipt")


def header_hash(block: dict[str, Any]) -> str:
    """Hash of a header as JSON-RPC gives it, whatever its ``hash`` says."""
    values: list[bytes | int] = []
    for name in _FIELDS:
        value = block.get(name)
        if value is not None:
            is_number = name in _QUANTITIES
            values.append(int(value, 16) if is_number else bytes.fromhex(value[2:]))
    return "0x" + keccak(rlp.encode(values)).hex()


class Forgery:
    """A branch of forged blocks beside the real ones from block ``first`` on.

    Each is the real block with other extra data and the forged parent, under the hash that
    belongs to it, so that it is sound in itself and only another node can tell.
    """

    def __init__(self, fault: Fault, endpoint: Endpoint) -> None:
        self._fault = fault
        self._upstream = endpoint.upstream
        self._first = fault.from_block
        self._forged: dict[str, str] = {}
        self._real: dict[str, str] = {}

    async def first(self) -> int:
        """Number of the first forged block."""
        if self._first is None:
            head = await self._upstream.refresh()
            self._first = max(1, head - int(self._fault.blocks or 0) + 1)
        return self._first

    def real_of(self, text: bytes) -> bytes:
        """A request with the forged hashes in it replaced by the real ones."""
        for forged, real in self._real.items():
            text = text.replace(forged.encode(), real.encode())
        return text

    async def block(self, block: dict[str, Any]) -> dict[str, Any]:
        """The forged block in the place of a real one."""
        if int(block["number"], 16) < await self.first():
            return block
        parent = await self.hash_of(block["parentHash"])
        forged = {**block, "parentHash": parent, **self.altered(block)}
        forged["hash"] = header_hash(forged)
        self._forged[block["hash"]] = forged["hash"]
        self._real[forged["hash"]] = block["hash"]
        return forged

    def altered(self, block: dict[str, Any]) -> dict[str, Any]:
        """What a forged block says otherwise than the real one."""
        return {"extraData": self._fault.other_hash(block["hash"])[:18]}

    async def hash_of(self, block_hash: str) -> str:
        """The hash under which a block is known on this branch."""
        missing: list[dict[str, Any]] = []
        wanted = block_hash
        while wanted not in self._forged:
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByHash"}
            reply = await self._upstream.post(
                json.dumps({**body, "params": [wanted, False]}).encode()
            )
            block = json.loads(reply.body).get("result")
            if not is_block(block) or int(block["number"], 16) < await self.first():
                break
            missing.append(block)
            wanted = block["parentHash"]
        for block in reversed(missing):
            await self.block(block)
        return self._forged.get(block_hash, block_hash)


def forged_block(fault: Fault, endpoint: Endpoint) -> Middleware:
    """Be on a branch of one's own from some block on."""
    forgery = Forgery(fault, endpoint)

    async def told(call: dict[str, Any], result: Any) -> Any:
        if is_block(result):
            return await forgery.block(result)
        if call.get("method") in _WITH_BLOCK_HASHES and result:
            text = json.dumps(result)
            rows = result if isinstance(result, list) else [result]
            for real in {row["blockHash"] for row in rows}:
                text = text.replace(real, await forgery.hash_of(real))
            return json.loads(text)
        return result

    forging = rewriting(told)

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        calls = json.loads(forgery.real_of(json.dumps(exchange.calls).encode()))
        return await forging(Exchange(calls, exchange.batch), following)

    return middleware


def wrong_chain(fault: Fault, _endpoint: Endpoint) -> Middleware:
    """Be a node of another chain, on which none of our contracts is."""

    async def told(call: dict[str, Any], result: Any) -> Any:
        if is_block(result):
            other = {name: fault.other_hash(result[name]) for name in ("hash", "parentHash")}
            return {**result, **other, "transactions": []}
        match call.get("method"):
            case "eth_chainId":
                return hex(FOREIGN_CHAIN_ID)
            case "net_version":
                return str(FOREIGN_CHAIN_ID)
            case "eth_getLogs" | "eth_getBlockReceipts":
                return []
            case "eth_getCode" | "eth_call":
                return "0x"
        return result

    async def middleware(exchange: Exchange, following: Handler) -> Reply:
        # Blocks of our chain are asked for by hashes that it cannot know: no logs, no error.
        reply = await rewriting(told)(exchange, following)
        rows = rows_of(reply)
        if rows is None:
            return reply
        for call, row in zip(exchange.calls, rows, strict=False):
            if call.get("method") == "eth_getBlockByHash" or _by_hash(call):
                row.pop("error", None)
                row["result"] = None
        return Reply(200, json.dumps(rows if exchange.batch else rows[0]).encode())

    return middleware


def _by_hash(call: dict[str, Any]) -> bool:
    return call.get("method") == "eth_getBlockReceipts" and len(str(first_param(call))) == 66


SORTS = {
    "wrong-chain": Sort(
        "is a node of another chain",
        wrong_chain,
        {"foreign": f"chain id {FOREIGN_CHAIN_ID}, other blocks, none of our contracts"},
        {},
    )
}
FORGED_BLOCK = "blocks of its own from some block on, sound in themselves"
