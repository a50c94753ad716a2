"""Sending signed transactions to one chain and saying in words why one failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils import to_checksum_address

from lab.abi import Contract, Event
from lab.accounts import Actor
from lab.rpc import Rpc, RpcError

GWEI = 10**9
MAX_FEE = 200 * GWEI
_PER_REQUEST = 500
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


class Reverted(RuntimeError):
    """A call or transaction was refused by a contract; ``reason`` names the error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotIncluded(TimeoutError):
    """A transaction was accepted by the node but is in no block after the wait."""


@dataclass(frozen=True)
class Call:
    """A transaction to be: ``gas`` of None is estimated, ``to`` of None creates a contract."""

    sender: Actor
    to: str | None
    data: bytes = b""
    value: int = 0
    gas: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction."""

    hash: str
    block_number: int
    block_hash: str
    gas_used: int
    contract_address: str | None
    logs: list[dict[str, Any]]

    def events(self, contract: Contract, name: str) -> list[Event]:
        """The contract's events of that name in this transaction."""
        found = (contract.event(log) for log in self.logs)
        return [event for event in found if event is not None and event.name == name]


class Chain:
    """A chain reached by its node's own RPC.

    With ``step`` every send produces one block, that many seconds after its parent; with None the
    node produces blocks itself, and a send waits for its own up to ``patience`` seconds.
    """

    def __init__(self, rpc: Rpc, chain_id: int, *, step: int | None, patience: float = 20) -> None:
        self.rpc = rpc
        self.chain_id = chain_id
        self.step = step
        self.patience = patience
        self.contracts: list[Contract] = []
        self._sending = threading.Lock()

    def block_number(self) -> int:
        """Number of the newest block."""
        return int(self.rpc.call("eth_blockNumber"), 16)

    def timestamp(self) -> int:
        """Timestamp of the newest block, in seconds."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def balance(self, address: str) -> int:
        """Ether of an address, in wei."""
        return int(self.rpc.call("eth_getBalance", address, "latest"), 16)

    def mine(self, blocks: int = 1) -> None:
        """Produce blocks now, ``step`` seconds apart."""
        for _ in range(blocks):
            if self.step:
                self.rpc.call("evm_setNextBlockTimestamp", self.timestamp() + self.step)
            self.rpc.call("evm_mine")

    def advance_time_to(self, timestamp: int) -> None:
        """Mine one block at a timestamp, or an ordinary one when that is past.

        Only for a chain with ``step``: its time is warped, not waited for.
        """
        if self.step is None or self.timestamp() + self.step >= timestamp:
            self.mine()
        else:
            self.rpc.call("evm_setNextBlockTimestamp", timestamp)
            self.rpc.call("evm_mine")

    def read(self, contract: Contract, name: str, *arguments: Any, block: str = "latest") -> Any:
        """The decoded result of a view function; raises `Reverted`."""
        call = {"to": contract.address, "data": "0x" + contract.data(name, *arguments).hex()}
        try:
            returned = self.rpc.call("eth_call", call, block)
        except RpcError as error:
            raise self.explained(error) from error
        return contract.result(name, bytes.fromhex(returned[2:]))

    def send(
        self, sender: Actor, contract: Contract, name: str, *arguments: Any, value: int = 0
    ) -> Receipt:
        """Call a contract's function and wait for its block; raises `Reverted`, `NotIncluded`."""
        data = contract.data(name, *arguments)
        return self.send_all([Call(sender, contract.address, data, value)])[0]

    def send_all(self, calls: Sequence[Call]) -> list[Receipt]:
        """Send transactions in order, wait for all, return their receipts in order.

        Give ``gas`` where a call depends on an earlier one of the same list. Raises `Reverted`
        (nothing is sent when an estimate already fails) or `NotIncluded`.
        """
        with self._sending:
            hashes = self._submit(calls)
        if self.step is not None:
            self.mine()
        return self.wait(hashes)

    def _submit(self, calls: Sequence[Call]) -> list[str]:
        gas = [call.gas or self._estimate(call) for call in calls]
        senders = sorted({call.sender.address for call in calls})
        counts: list[str] = []
        for start in range(0, len(senders), _PER_REQUEST):
            part = senders[start : start + _PER_REQUEST]
            counts += self.rpc.batch([("eth_getTransactionCount", [a, "pending"]) for a in part])
        nonces = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
        raw: list[str] = []
        for call, limit in zip(calls, gas, strict=True):
            transaction: dict[str, Any] = {
                "chainId": self.chain_id,
                "nonce": nonces[call.sender.address],
                "gas": limit,
                "maxFeePerGas": MAX_FEE,
                "maxPriorityFeePerGas": GWEI,
                "value": call.value,
                "data": call.data,
            }
            if call.to is not None:
                transaction["to"] = to_checksum_address(call.to)
            nonces[call.sender.address] += 1
            raw.append("0x" + call.sender.key.sign_transaction(transaction).raw_transaction.hex())
        hashes: list[str] = []
        for start in range(0, len(raw), _PER_REQUEST):
            signed = raw[start : start + _PER_REQUEST]
            hashes += self.rpc.batch([("eth_sendRawTransaction", [item]) for item in signed])
        return hashes

    def _estimate(self, call: Call) -> int:
        described = {
            "from": call.sender.address,
            "value": hex(call.value),
            "data": "0x" + call.data.hex(),
            **({"to": call.to} if call.to else {}),
        }
        try:
            return int(self.rpc.call("eth_estimateGas", described), 16) * 13 // 10 + 20_000
        except RpcError as error:
            raise self.explained(error) from error

    def wait(self, hashes: Sequence[str]) -> list[Receipt]:
        """Receipts of transactions in the order given.

        Waits ``patience`` seconds, and one more for each hundred transactions.
        """
        deadline = time.monotonic() + self.patience + len(hashes) / 100
        found: dict[str, dict[str, Any]] = {}
        missing = list(dict.fromkeys(hashes))
        while missing:
            # Asking for the last one is cheap, and it is seldom in a block before the others.
            if self.rpc.call("eth_getTransactionReceipt", missing[-1]):
                for start in range(0, len(missing), _PER_REQUEST):
                    part = missing[start : start + _PER_REQUEST]
                    calls = [("eth_getTransactionReceipt", [item]) for item in part]
                    rows = zip(part, self.rpc.batch(calls), strict=True)
                    found |= {item: row for item, row in rows if row}
                missing = [item for item in missing if item not in found]
                continue
            if time.monotonic() > deadline:
                raise NotIncluded(f"{len(missing)} of {len(hashes)} are in no block yet")
            if self.step is not None:
                self.mine()  # they did not all fit into the last one
            else:
                time.sleep(0.05)
        return [self._receipt(found[item]) for item in hashes]

    def _receipt(self, row: dict[str, Any]) -> Receipt:
        if int(row["status"], 16) != 1:
            raise Reverted(f"transaction {row['transactionHash']} reverted: {self._why(row)}")
        return Receipt(
            hash=row["transactionHash"],
            block_number=int(row["blockNumber"], 16),
            block_hash=row["blockHash"],
            gas_used=int(row["gasUsed"], 16),
            contract_address=row.get("contractAddress"),
            logs=row["logs"],
        )

    def _why(self, row: dict[str, Any]) -> str:
        sent = self.rpc.call("eth_getTransactionByHash", row["transactionHash"])
        call = {"from": sent["from"], "to": sent["to"], "value": sent["value"]}
        parent = hex(int(row["blockNumber"], 16) - 1)
        try:
            self.rpc.call("eth_call", {**call, "data": sent["input"]}, parent)
        except RpcError as error:
            return self.explained(error).reason
        return "no reason given"

    def explained(self, error: RpcError) -> Reverted:
        """The node's refusal as a `Reverted` with the contract's own words."""
        data = error.data
        try:
            if data[:4] == _ERROR_STRING:
                return Reverted(str(decode(["string"], data[4:])[0]))
            if data[:4] == _PANIC:
                return Reverted(f"Panic({hex(decode(['uint256'], data[4:])[0])})")
        except DecodingError:
            return Reverted(f"0x{data.hex()}")
        known = (contract.error(data) for contract in self.contracts if len(data) >= 4)
        return Reverted(next((text for text in known if text), None) or error.message)
