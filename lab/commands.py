"""What the commands do, on the lab that runs in a data folder."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from argparse import Namespace
from pathlib import Path
from typing import Any

from eth_utils import is_address, to_checksum_address

from lab import labfile, server, voters
from lab.accounts import Actor, actor, patron
from lab.anvil import ProcessRecord
from lab.bridge_governance import BridgeGovernance
from lab.chain import Call, Chain, Reverted
from lab.deployment import from_json, market_id
from lab.governance import Proposal, State
from lab.labfile import LabFile
from lab.reorg import reorg
from lab.rpc import Rpc
from lab.schedule import CHAINS, ETHER
from lab.venue_governance import VenueGovernance

BLOCKS_LOOKED_BACK = 400
FUNDED_ETHER = 10
FUNDED_TOKENS = 1_000


class CannotDo(RuntimeError):
    """The command makes no sense now; the message says why and what to do instead."""


def prepare(_options: Namespace, folder: Path) -> None:
    """`python -m lab prepare`."""
    if labfile.is_served(folder):
        print(f"The lab in {folder} is running already; nothing to prepare.")
        return
    with labfile.take(folder, patience=1.0):
        prepared = server.prepare(folder)
    lab, kind = prepared.lab, "a new lab" if prepared.is_new else "the lab of last time"
    print(f"Ready to serve {kind}: {lab.id}, at {lab.url}, data in {folder}")


def serve(options: Namespace, folder: Path) -> None:
    """`python -m lab serve`."""
    server.serve(folder, life=not options.no_life)


def _status(lab: LabFile) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(lab.url, timeout=5) as answer:  # noqa: S310 - loopback http
            status: dict[str, Any] = json.load(answer)
            return status
    except (OSError, ValueError) as error:
        raise CannotDo(f"The lab's gateway at {lab.url} does not answer: {error}") from error


def status(_options: Namespace, folder: Path) -> None:
    """`python -m lab status`."""
    lab = labfile.running(folder)
    said = _status(lab)
    print(f"lab {said['id']}: {'ready' if said['ready'] else 'starting'}, {lab.url}")
    for name, chain in said["chains"].items():
        record = lab.nodes.get(name)
        state = "answering" if chain["answering"] else "not answering"
        if record is not None and record.is_paused():
            state = f"paused (python -m lab node resume {name})"
        print(
            f"{name}: chain {chain['chain_id']}, block {chain['head']}, "
            f"safe {chain['safe']}, finalized {chain['finalized']}, {state}"
        )
    for endpoint, faults in said.get("suffering", {}).items():
        for fault in faults:
            print(f"{endpoint} {fault['words']}")


def _chain(lab: LabFile, name: str) -> Chain:
    return Chain(Rpc(lab.node_url(name), 30), CHAINS[name].chain_id, step=None, patience=60)


def _venue(lab: LabFile) -> VenueGovernance:
    return VenueGovernance(_chain(lab, "l2"), from_json(lab.contracts["l2"]))


def _bridge(lab: LabFile) -> BridgeGovernance:
    return BridgeGovernance(_chain(lab, "l1"), from_json(lab.contracts["l1"]))


def cast_votes(options: Namespace, folder: Path) -> None:
    """`python -m lab votes cast N`."""
    gov = _venue(labfile.running(folder))
    gov.chain.patience = 60 + options.count / 100
    if options.create and options.proposal:
        raise CannotDo("Use either --create or --proposal.")
    proposal = _with_voters(gov, options.count) if options.create else _open(gov, options.proposal)
    able = voters.able(
        gov.chain, gov.token, gov.governor, proposal.id, proposal.snapshot, options.count
    )
    if len(able) < options.count:
        raise CannotDo(
            f"Only {len(able)} prepared voters had power at the snapshot of {proposal.title} "
            f"and have not voted: ask for at most {len(able)}, or use --create."
        )
    began = time.monotonic()
    receipts = voters.cast(gov.chain, gov.governor, proposal.id, able)
    blocks = {receipt.block_number for receipt in receipts}
    print(
        f"{len(receipts)} votes cast on {proposal.title} ({proposal.id}) "
        f"in blocks {min(blocks)} to {max(blocks)}, {time.monotonic() - began:.1f} s."
    )


def _open(gov: VenueGovernance, asked: str | None) -> Proposal:
    since = gov.chain.block_number() - BLOCKS_LOOKED_BACK
    recent = gov.proposals(since)
    if asked is None:
        for proposal in reversed(recent):
            if gov.state(proposal.id) is State.ACTIVE:
                return proposal
        raise CannotDo("No proposal is open for voting now: wait for one, or use --create.")
    try:
        wanted = int(asked, 0)
    except ValueError as error:
        raise CannotDo(f"{asked!r} is not a proposal id: give a decimal or 0x number.") from error
    for proposal in recent:
        if proposal.id == wanted:
            state = gov.state(wanted)
            if state is not State.ACTIVE:
                raise CannotDo(f"Proposal {asked} is {state.name.lower()}, not open for voting.")
            return proposal
    raise CannotDo(f"The last {BLOCKS_LOOKED_BACK} blocks hold no proposal {asked}.")


def _with_voters(gov: VenueGovernance, count: int) -> Proposal:
    missing = voters.without_power(gov.chain, gov.token, count)
    if missing:
        voters.equip(gov.chain, gov.token, gov.muster, missing)
        print(f"{len(missing)} more voters have tokens and have delegated.")
    proposal = _propose(gov, f"A vote of {count}")
    print(f"{proposal.title} made ({proposal.id}); voting opens in some seconds.")
    while gov.state(proposal.id) is State.PENDING:
        time.sleep(0.5)
    return proposal


def _propose(gov: VenueGovernance | BridgeGovernance, title: str) -> Proposal:
    # The time makes the description, and so the proposal's id, a new one each time.
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    text = f"# {title}\n\nMade from the command line on {stamp}.\n"
    if isinstance(gov, VenueGovernance):
        action = gov.venue_action("setTakerFee", market_id("ETH-PERP"), 5)
    else:
        action = gov.parameter_action("setWithdrawalDelay(uint64)", 7 * 86_400)
    return gov.propose(actor("editor"), [action], text)


def create_proposal(options: Namespace, folder: Path) -> None:
    """`python -m lab proposal create`."""
    lab = labfile.running(folder)
    gov = _venue(lab) if options.chain == "l2" else _bridge(lab)
    proposal = _propose(gov, options.title)
    print(
        f"Proposal {proposal.id} made on {options.chain} in block {proposal.created_block}: "
        f"{proposal.title}"
    )


def reorganise(options: Namespace, folder: Path) -> None:
    """`python -m lab chain reorg`."""
    lab = labfile.running(folder)
    chain = _chain(lab, options.chain)
    finalized = int(_status(lab)["chains"][options.chain]["finalized"])
    chain.rpc.call("evm_setIntervalMining", 0)
    try:
        head = chain.block_number()
        if head - options.depth < finalized and not options.force:
            raise CannotDo(
                f"{options.depth} blocks below {head} reach under the finalized block "
                f"{finalized}: at most {max(0, head - finalized)} can be replaced, "
                "or use --force to break that promise."
            )
        made = reorg(chain.rpc, options.depth, drop=options.drop)
    finally:
        chain.rpc.call("evm_setIntervalMining", CHAINS[options.chain].block_time)
    first = made.ancestor + 1
    print(
        f"{options.depth} blocks of {options.chain} replaced from block {first} on "
        f"({made.before[first][:10]} is now {made.after[first][:10]}); "
        f"{made.kept} transactions kept, {len(made.dropped)} dropped."
    )


def mine(options: Namespace, folder: Path) -> None:
    """`python -m lab chain mine`."""
    chain = _chain(labfile.running(folder), options.chain)
    chain.rpc.call("anvil_mine", hex(options.blocks))
    print(f"{options.blocks} blocks mined on {options.chain}; its head is {chain.block_number()}.")


def _record(folder: Path, name: str) -> ProcessRecord:
    lab = labfile.running(folder)
    lab.node_url(name)
    return lab.nodes[name]


def pause(options: Namespace, folder: Path) -> None:
    """`python -m lab node pause`."""
    record = _record(folder, options.chain)
    if record.is_paused():
        raise CannotDo(f"The node of {options.chain} is paused already.")
    os.kill(record.pid, signal.SIGSTOP)
    print(f"The node of {options.chain} is paused: its endpoints give no answers now.")


def resume(options: Namespace, folder: Path) -> None:
    """`python -m lab node resume`."""
    record = _record(folder, options.chain)
    if not record.is_paused():
        raise CannotDo(f"The node of {options.chain} is not paused.")
    os.kill(record.pid, signal.SIGCONT)
    print(f"The node of {options.chain} goes on.")


def fund(options: Namespace, folder: Path) -> None:
    """`python -m lab wallet fund`."""
    if not is_address(options.address):
        raise CannotDo(f"{options.address!r} is not an address: write 0x and 40 hex digits.")
    address = to_checksum_address(options.address)
    lab = labfile.running(folder)
    for gov, symbol in ((_venue(lab), "VNU"), (_bridge(lab), "BRG")):
        _fund(gov, address, options.votes * ETHER, symbol)
    print("The power counts for proposals made from now on.")


def _fund(gov: VenueGovernance | BridgeGovernance, address: str, votes: int, symbol: str) -> None:
    treasurer, holder = actor("treasurer"), patron(address)
    left = gov.chain.read(gov.token, "balanceOf", treasurer.address)
    if left < votes + FUNDED_TOKENS * ETHER:
        raise CannotDo(f"The treasurer has only {left // ETHER} {symbol} left: ask for fewer.")
    transfer = gov.token.data
    gov.chain.send_all(
        [
            Call(treasurer, address, b"", FUNDED_ETHER * ETHER, 100_000),
            Call(treasurer, holder.address, b"", ETHER // 10, 30_000),
            _tokens(gov, treasurer, transfer("transfer", address, FUNDED_TOKENS * ETHER)),
            _tokens(gov, treasurer, transfer("transfer", holder.address, votes)),
        ]
    )
    gov.delegate(holder, address)
    try:
        power = gov.chain.read(gov.token, "getVotes", address)
    except KeyError:
        power = gov.chain.read(gov.token, "getCurrentVotes", address)
    except Reverted as error:
        raise CannotDo(f"The power of {address} cannot be read: {error}") from error
    print(
        f"{address} on chain {gov.chain.chain_id}: {FUNDED_ETHER} ETH and {FUNDED_TOKENS} {symbol} "
        f"given, voting power now {power // ETHER} {symbol} (delegated by {holder.address})."
    )


def _tokens(gov: VenueGovernance | BridgeGovernance, sender: Actor, data: bytes) -> Call:
    return Call(sender, gov.token.address, data, 0, 200_000)
