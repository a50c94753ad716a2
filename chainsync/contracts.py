"""Whether each contract has code, and the same as before."""

from typing import NamedTuple

import msgspec
from django.db.models import QuerySet, Subquery

from chainsync import agreement, coverage
from chainsync.agreement import Question
from chainsync.endpoint import wire
from chainsync.endpoint.failures import EndpointFailure, RpcError
from chainsync.endpoint.pool import Source, pool_of
from chainsync.endpoint.rpc import Client
from chainsync.models import ChainStatus, CodeRecord
from charter.models import Chain, Contract
from proofs.keccak import keccak256

# Where EIP-1967 proxies keep the address of their implementation.
IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
NO_CODE = "0x" + keccak256(b"").hex()


class Code(NamedTuple):
    """Hash of a contract's code, and the implementation behind it if it is an EIP-1967 proxy."""

    code_hash: str
    implementation: str | None


def there(chain: Chain) -> QuerySet[Contract]:
    """Active contracts that begin at our head or below."""
    head = ChainStatus.objects.filter(chain=chain).values("head_number")[:1]
    return Contract.objects.filter(chain=chain, active=True, start_block__lte=Subquery(head))


def check(chain: Chain) -> list[CodeRecord]:
    """Read the code of every contract at our head; records of those that are new or changed.

    A contract that begins above our head, which may be young yet, has no code there.
    The code is what two operators answer alike; where they differ a third decides. Raises
    NoEndpoint, and Disagreement when nothing decides.
    """
    status = ChainStatus.objects.filter(chain=chain).first()
    if status is None or status.head_number is None:
        return []
    contracts = list(there(chain))
    if not contracts:
        return []
    at = {"blockHash": status.head_hash}
    assert status.head_hash is not None
    about = Question(status.head_number, status.head_hash, "the code of contracts")
    codes = agreement.ask(pool_of(chain), about, lambda source: _codes(source, contracts, at)).value
    last = {
        record.contract_id: record
        for record in CodeRecord.objects.filter(contract__in=contracts).order_by("id")
    }
    records = []
    for contract, code in zip(contracts, codes, strict=True):
        known = last.get(contract.pk)
        if known is None or (known.code_hash, known.implementation) != code:
            records.append(
                CodeRecord.objects.create(
                    contract=contract,
                    block_number=status.head_number,
                    code_hash=code.code_hash,
                    implementation=code.implementation,
                )
            )
    return records


def as_recorded(source: Source, chain: Chain, block_hash: str) -> bool:
    """Whether one endpoint gives the code of each contract as it was last recorded. Raises
    EndpointFailure."""
    records = CodeRecord.objects.filter(contract__chain=chain, contract__active=True)
    last = {row.contract_id: row for row in records.select_related("contract").order_by("id")}
    contracts = [row.contract for row in last.values()]
    codes = _codes(source, contracts, {"blockHash": block_hash})
    return codes == [Code(row.code_hash, row.implementation) for row in last.values()]


def _codes(source: Source, contracts: list[Contract], at: dict[str, str | None]) -> list[Code]:
    def question(client: Client) -> list[Code]:
        addresses = ["0x" + coverage.address_of(contract).hex() for contract in contracts]
        replies = client.batch(
            [
                *(("eth_getCode", [address, at]) for address in addresses),
                *(
                    ("eth_getStorageAt", [address, IMPLEMENTATION_SLOT, at])
                    for address in addresses
                ),
            ]
        )
        half = len(addresses)
        return [_code(*pair) for pair in zip(replies[:half], replies[half:], strict=True)]

    return source.ask(question)


def _code(code: msgspec.Raw | RpcError, slot: msgspec.Raw | RpcError) -> Code:
    for reply in (code, slot):
        if isinstance(reply, EndpointFailure):
            raise reply
    assert not isinstance(code, RpcError)
    assert not isinstance(slot, RpcError)
    found = wire.octets(wire.text(code))
    word = wire.octets(wire.text(slot)).rjust(32, b"\0")
    implementation = Contract(address="0x" + word[12:].hex()).address if any(word) else None
    return Code("0x" + keccak256(found).hex(), implementation)
