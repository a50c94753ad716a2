"""A real node behind two endpoints of two operators, and a toy kind that keeps what it is told."""

import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from django.db import connection

from chainsync.decoding import Decoder, Event
from chainsync.kinds import Kind, LogRecord
from charter.models import Chain, Contract
from lab.anvil import Anvil
from lab.endpoint import Middleware
from lab.gateway import Gateway

SAID = Event.parse("Said(uint256 number)")
SENDER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
# Emits LOG1 with the first word of the calldata as topic and the rest as data.
EMITTER = "0x3660006000376000516020360360 20a100".replace(" ", "")
FINALIZED_DEPTH = 8


@dataclasses.dataclass
class Node:
    """An anvil that mines on command, behind a gateway with endpoints `l2-a` and `l2-b`."""

    anvil: Anvil
    gateway: Gateway

    @property
    def urls(self) -> list[str]:
        return [f"{self.gateway.url}/{name}" for name in ("l2-a", "l2-b")]

    def call(self, method: str, *parameters: Any) -> Any:
        return self.anvil.rpc.call(method, *parameters)

    @property
    def head(self) -> int:
        return int(self.call("eth_blockNumber"), 16)

    def hash(self, number: int) -> str:
        return self.call("eth_getBlockByNumber", hex(number), False)["hash"]

    def install(self, address: str) -> None:
        """Put the emitter at an address."""
        self.call("anvil_setCode", address, EMITTER)

    def mine(self, blocks: int = 1) -> None:
        """A second apart: blocks that follow faster than a chain can are no head to believe."""
        self.call("anvil_mine", hex(blocks), "0x1")

    def say(self, address: str, *numbers: int, topic: bytes = SAID.topic0) -> int:
        """One block in which the contract at `address` says these numbers; its number."""
        for number in numbers:
            self.call("eth_sendTransaction", saying(address, number, topic))
        self.mine()
        return self.head

    def reorg(self, depth: int, says: list[tuple[str, int, int]] = ()) -> None:
        """Replace the newest blocks; `says` are (address, number, offset from the first new).

        A transfer of a random amount in the first new block changes all their hashes.
        """
        marker = {
            "from": SENDER,
            "to": SENDER,
            "value": hex(time.time_ns() % 10**15),
            "gas": "0x5208",
        }
        rows: list[Any] = [[marker, 0]]
        rows += [[saying(address, number), offset] for address, number, offset in says]
        before = self.hash(self.head)
        self.call("anvil_reorg", depth, rows)
        assert self.hash(self.head) != before

    def interpose(self, endpoint: str, middleware: Middleware) -> None:
        """Have one endpoint answer through `middleware` from now on."""
        old = self.gateway.endpoints[endpoint]
        self.gateway.endpoints[endpoint] = dataclasses.replace(
            old, middlewares=(*old.middlewares, middleware)
        )

    def heal(self, endpoint: str) -> None:
        """Take the middlewares that were interposed out again."""
        old = self.gateway.endpoints[endpoint]
        self.gateway.endpoints[endpoint] = dataclasses.replace(old, middlewares=old.middlewares[:2])


def saying(address: str, number: int, topic: bytes = SAID.topic0) -> dict[str, str]:
    data = topic + number.to_bytes(32, "big")
    return {"from": SENDER, "to": address, "data": "0x" + data.hex(), "gas": "0x30d40"}


@dataclasses.dataclass
class Toy:
    """A kind whose rows are (contract, block, index, number) in a table of its own."""

    chain: Chain
    node: Node

    def contract(self, key: str = "toy", start_block: int = 0, install: bool = True) -> Contract:
        address = "0x" + key.encode().rjust(20, b"\x01").hex()
        if install:
            self.node.install(address)
        return Contract.objects.create(
            key=key,
            chain=self.chain,
            kind="toy",
            address=address,
            start_block=start_block,
            label=key,
        )

    def rows(self, contract: Contract) -> list[int]:
        """Numbers in the order in which they were said."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number FROM toy_row WHERE contract = %s ORDER BY block, index",
                [contract.pk],
            )
            return [int(row[0]) for row in cursor.fetchall()]


def fold(contract: Contract, logs: list[LogRecord]) -> None:
    decoder = Decoder([SAID])
    for log in logs:
        number = decoder.decode(log)[1]["number"]
        if number == 666:
            raise ArithmeticError("the toy breaks at 666")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO toy_row VALUES (%s, %s, %s, %s)",
                [contract.pk, log.block_number, log.log_index, number],
            )


def unfold(contract: Contract, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM toy_row WHERE contract = %s AND block >= %s", [contract.pk, number]
        )


KIND = Kind(name="toy", topics=frozenset({SAID.topic0}), fold=fold, unfold=unfold)

Aside = Callable[[Callable[[], Any]], "Future[Any]"]
