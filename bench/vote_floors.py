"""What the parts of a proven tally cost at least, and what a conventional stack takes for them.

Floors, in seconds a vote: reading the bytes of replies once and hashing their receipts; reading,
hashing each different node once and walking for storage proofs; COPY of ready lines. The
conventional stack is given the same replies: web3.py decodes the logs, `rlp` with `HexaryTrie`
makes the receipts roots and checks each storage proof (JSON and hex are not counted for these two),
Django's `bulk_create` writes the rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from eth_utils.address import to_checksum_address

from bench import pip_peer, receipts, storage_proofs, ways
from bench.stage import Stage, timed
from bench.vote_bodies import (
    A_REPLY,
    COUNTING,
    GOVERNOR_ADDRESS,
    LAYOUT,
    TOKEN,
    Parcel,
    streamed,
)
from bench.vote_stages import COLUMNS, COPY, POWERS, PROOFS, ROOTS, ROWS, Clock, Spent, lines_of
from bench.votes import GOVERNOR, PROPOSAL, Scene
from proofs.chain import rlp
from proofs.chain.getproof import Asked
from proofs.keccak_batch import keccak256_rows
from proofs.statements.storage import columns
from proofs.statements.storage.columns import Places

WEB3, BULK = "web3.py: logs decoded", "Django bulk_create"


class _Replies(NamedTuple):
    """The replies about some votes, and what was asked of the two contracts."""

    receipts: list[bytes]
    roots: list[bytes]
    token: tuple[list[Asked], list[bytes]]
    governor: tuple[list[Asked], list[bytes]]


def measured(stage: Stage, votes: int) -> tuple[dict[str, float], dict[str, Spent]]:
    """Floors by stage, in seconds a vote, and what the conventional stack takes by part for all
    these votes; the second is empty where `trie` cannot be installed."""
    vote, parcels = streamed(stage.folder, votes)
    given = [_read(parcel) for group in parcels for parcel in group]
    bodies = [body for one in given for body in one.receipts]
    read, hashed = receipts.reading(bodies), receipts.hashing(bodies)
    proofs = 0.0
    for one in given:
        for root, (asked, replies) in (
            (vote.token_root, one.token),
            (vote.governor_root, one.governor),
        ):
            proofs += sum(storage_proofs.floor(vote.state_root, root, asked, replies))
    with stage.database("vote_floors"):
        ways.propose(ways.charter("http://127.0.0.1:1", Scene(1, 2, votes), operators=0))
        copied = _copy(bodies)
    floors = {
        ROOTS: read + hashed,
        COLUMNS: read,
        PROOFS: proofs,
        POWERS: _slots(votes),
        ROWS: read,
        COPY: copied,
    }
    peers = _conventional(stage, given, votes)
    return {name: seconds / votes for name, seconds in floors.items()}, peers


def _read(parcel: Parcel) -> _Replies:
    with parcel.file.open("rb") as file:
        receipts_, token, governor = (
            [file.read(size) for size in sizes]
            for sizes in (parcel.receipts, parcel.token, parcel.governor)
        )
    places = Places(
        np.frombuffer(parcel.voters, np.uint8).reshape(-1, 20),
        np.array(parcel.lengths, np.int64),
        np.array(parcel.indices, np.int64),
    )
    return _Replies(
        receipts_,
        parcel.roots,
        (_asked(TOKEN, columns.power_slots(LAYOUT, places).slots), token),
        (
            _asked(GOVERNOR_ADDRESS, columns.receipt_slots(COUNTING, PROPOSAL, places.voters)),
            governor,
        ),
    )


def _asked(address: bytes, slots: list[int]) -> list[Asked]:
    return [
        Asked(address, slots[start : start + A_REPLY]) for start in range(0, len(slots), A_REPLY)
    ]


def _slots(votes: int) -> float:
    """Hashing what the slots of so many voters are hashes of: two entries, one array."""
    entries, arrays = np.zeros(128 * votes, np.uint8), np.zeros(32 * votes, np.uint8)
    ends = np.arange(2 * votes + 1) * 64, np.arange(votes + 1) * 32
    return storage_proofs.median(
        lambda: (keccak256_rows(entries, ends[0]), keccak256_rows(arrays, ends[1]))
    )


def _copy(bodies: list[bytes]) -> float:
    """COPY of ready lines into the table of votes, without sums."""
    from django.db import connection, transaction

    from governance.models import Proposal

    _, lines = lines_of(bodies)
    proposal = Proposal.objects.get(proposal_id=PROPOSAL)
    text = "".join([f"{proposal.contract_id}\t{proposal.pk}\t{line}" for line in lines])
    with transaction.atomic(), connection.cursor() as cursor:
        seconds, _ = timed(lambda: _write(cursor, text))
    return seconds


def _write(cursor: Any, text: str) -> None:
    names = (
        "contract_id, proposal_id, block_number, log_index, tx_hash, timestamp, voter, kind, "
        "support, weight, against_votes, for_votes, abstain_votes, reason, params"
    )
    with cursor.copy(f"COPY governance_vote ({names}) FROM STDIN") as copy:
        copy.write(text)


def _conventional(stage: Stage, given: list[_Replies], votes: int) -> dict[str, Spent]:
    bodies = [body for one in given for body in one.receipts]
    clock = Clock()
    with clock.stage(WEB3):
        events = _web3(bodies)
    with stage.database("vote_peers"):
        ways.propose(ways.charter("http://127.0.0.1:1", Scene(1, 2, votes), operators=0))
        with clock.stage(BULK):
            ways.bulk_create(events)
        if ways.tally_of_rows().votes != votes:
            raise ValueError("web3.py and bulk_create wrote other votes")
    roots = pip_peer.spent("trie", "receipts.py", _receipts_file(stage.folder, given))
    if roots is None:
        return {}
    proofs = 0.0
    for name in ("token", "governor"):
        taken = pip_peer.spent("trie", "verify.py", _proofs_file(stage.folder, given, name))
        assert taken is not None
        proofs += taken
    # These two say what processor time they took; that so much passed is in their favour.
    return {
        WEB3: clock.spent[WEB3],
        "rlp with HexaryTrie: receipts roots": Spent(roots, roots),
        "rlp with HexaryTrie: storage proofs": Spent(proofs, proofs),
        BULK: clock.spent[BULK],
    }


def _web3(bodies: list[bytes]) -> list[Any]:
    # Not before it is wanted: it would count as memory of ours.
    from web3 import Web3
    from web3._utils.method_formatters import log_entry_formatter

    contract = Web3().eth.contract(address=to_checksum_address(GOVERNOR), abi=[ways.VOTE_CAST])
    event = contract.events.VoteCast()
    return [
        event.process_log(log_entry_formatter(log))
        for body in bodies
        for receipt in json.loads(body)["result"]
        for log in receipt["logs"]
    ]


def _receipts_file(folder: Path, given: list[_Replies]) -> Path:
    file = folder / "vote-receipts.json"
    texts = [body.decode() for one in given for body in one.receipts]
    roots = [root.hex() for one in given for root in one.roots]
    file.write_text(json.dumps({"bodies": texts, "roots": roots}))
    return file


def _proofs_file(folder: Path, given: list[_Replies], name: str) -> Path:
    file, rows, root = folder / f"vote-{name}.json", [], ""
    for one in given:
        for body in (one.token if name == "token" else one.governor)[1]:
            result = json.loads(body)["result"]
            root = result["storageHash"][2:]
            rows += [
                [
                    row["key"][2:],
                    rlp.number(int(row["value"], 16)).hex(),
                    [node[2:] for node in row["proof"]],
                ]
                for row in result["storageProof"]
            ]
    file.write_text(json.dumps({"root": root, "rows": rows}))
    return file
