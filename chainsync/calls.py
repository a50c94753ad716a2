"""Observations: what a contract answers to a call at a block that is named by its hash."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chainsync import agreement
from chainsync.agreement import Question
from chainsync.endpoint import wire
from chainsync.endpoint.failures import RpcError
from chainsync.endpoint.pool import Source, pool_of
from chainsync.endpoint.rpc import Client
from chainsync.models import Block, Observation
from charter.fields import AddressField
from charter.models import Chain, Contract


class Call(NamedTuple):
    """One read-only call: the contract's address (20 bytes, or checksummed) and calldata."""

    address: str | bytes
    data: bytes


def observe(chain: Chain, calls: Sequence[Call], block: Block) -> list[bytes | None]:
    """What each call returns at `block`, in order; None where it reverts.

    Read by block hash (EIP-1898) from endpoints of two operators where there are two that answer,
    and kept as Observation rows, so asking again costs no request. Must not be called inside a
    transaction: it waits for the network. Where two operators differ a third decides. Raises
    NoEndpoint when no node can answer (for instance because none has the state of that block any
    more), and Disagreement when nothing decides; nothing is kept then, and a dispute stands.
    """
    wanted = [(_address(call), bytes(call.data)) for call in calls]
    known = _known(chain, block, wanted)
    missing = [key for key in dict.fromkeys(wanted) if key not in known]
    if missing:
        results, operators = _ask(chain, missing, block)
        _keep(chain, block, results, operators)
        known |= results
    return [known[key] for key in wanted]


def again(source: Source, calls: Sequence[Call], block_hash: str) -> list[bytes | None]:
    """What one endpoint returns to these calls at a block. Raises EndpointFailure."""
    return _call(source, [(_address(call), bytes(call.data)) for call in calls], block_hash)


Key = tuple[bytes, bytes]


def _address(call: Call) -> bytes:
    raw = AddressField().get_prep_value(call.address)
    assert raw is not None
    return raw


def _known(chain: Chain, block: Block, wanted: Sequence[Key]) -> dict[Key, bytes | None]:
    rows = Observation.objects.filter(
        chain=chain, block_hash=block.hash, address__in={address for address, _ in wanted}
    ).values_list("address", "calldata", "result")
    return {
        (bytes.fromhex(address[2:]), bytes(data)): None if result is None else bytes(result)
        for address, data, result in rows
    }


def _keep(
    chain: Chain, block: Block, results: dict[Key, bytes | None], operators: list[str]
) -> None:
    Observation.objects.bulk_create(
        [
            Observation(
                chain=chain,
                block_number=block.number,
                block_hash=block.hash,
                address=address,
                calldata=data,
                result=result,
                operators=operators,
            )
            for (address, data), result in results.items()
        ],
        ignore_conflicts=True,
    )


def _ask(
    chain: Chain, keys: Sequence[Key], block: Block
) -> tuple[dict[Key, bytes | None], list[str]]:
    address, data = keys[0]
    contract = Contract.objects.filter(chain=chain, address=address).first()
    what = f"{len(keys)} values" if len(keys) > 1 else f"call 0x{data[:4].hex()}"
    about = Question(
        block.number,
        block.hash,
        f"{what} of {contract.label if contract else '0x' + address.hex()}",
        contract,
    )
    answer = agreement.ask(pool_of(chain), about, lambda source: _call(source, keys, block.hash))
    return dict(zip(keys, answer.value, strict=True)), answer.operators


def _call(source: Source, keys: Sequence[Key], block_hash: str) -> list[bytes | None]:
    at = {"blockHash": block_hash}

    def question(client: Client) -> list[bytes | None]:
        replies = client.batch(
            [
                ("eth_call", [{"to": "0x" + address.hex(), "data": "0x" + data.hex()}, at])
                for address, data in keys
            ]
        )
        return [_value(reply) for reply in replies]

    return source.ask(question)


def _value(reply: msgspec.Raw | RpcError) -> bytes | None:
    if isinstance(reply, RpcError):
        if reply.reverted:
            return None
        raise reply
    return wire.octets(wire.text(reply))
