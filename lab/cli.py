"""The lab's command line: ``python -m lab NOUN VERB …``.

Every command says what it did. One that cannot do it says why on stderr and exits with 1.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from lab import commands, labfile, server
from lab.anvil import AnvilFailed
from lab.artifacts import CompileError
from lab.beacon import commands as beacon_commands
from lab.chain import NotIncluded, Reverted
from lab.commands import CannotDo
from lab.deployment import DeploymentError
from lab.faults import commands as fault_commands
from lab.faults.commands import NotObeyed
from lab.gateway import PortTaken
from lab.reorg import ReorgRefused
from lab.rpc import NodeUnreachable, RpcError
from lab.schedule import CHAINS
from tools.node import NodeError

EXPECTED = (
    AnvilFailed,
    CannotDo,
    CompileError,
    DeploymentError,
    NodeError,
    NodeUnreachable,
    NotIncluded,
    NotObeyed,
    PortTaken,
    ReorgRefused,
    Reverted,
    RpcError,
    labfile.LabBusy,
    labfile.LabNotRunning,
    server.SetupFailed,
)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    nouns = top.add_subparsers(dest="noun", required=True, metavar="NOUN")

    nouns.add_parser("prepare", help="set up what serving needs").set_defaults(run=commands.prepare)
    serve = nouns.add_parser("serve", help="run the two chains in the foreground")
    serve.add_argument("--no-life", action="store_true", help="leave out the scripted life")
    serve.set_defaults(run=commands.serve)
    nouns.add_parser("status", help="what the running lab does").set_defaults(run=commands.status)

    votes = nouns.add_parser("votes").add_subparsers(dest="verb", required=True, metavar="VERB")
    cast = votes.add_parser("cast", help="cast N votes of prepared voters on L2")
    cast.add_argument("count", type=_count, metavar="N")
    cast.add_argument("--proposal", metavar="ID", help="default: the newest open one")
    cast.add_argument("--create", action="store_true", help="make a proposal with N voters for it")
    cast.set_defaults(run=commands.cast_votes)

    proposal = nouns.add_parser("proposal").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    create = proposal.add_parser("create", help="make a proposal")
    create.add_argument("--title", default="A proposal from the command line")
    create.add_argument("--chain", choices=CHAINS, default="l2")
    create.set_defaults(run=commands.create_proposal)

    chain = nouns.add_parser("chain").add_subparsers(dest="verb", required=True, metavar="VERB")
    reorg = chain.add_parser("reorg", help="replace the newest blocks")
    reorg.add_argument("chain", choices=CHAINS)
    reorg.add_argument("depth", type=_count, metavar="BLOCKS")
    reorg.add_argument("--drop", type=int, default=1, metavar="SENDERS", help="default: 1")
    reorg.add_argument("--force", action="store_true", help="also below the finalized block")
    reorg.set_defaults(run=commands.reorganise)
    mine = chain.add_parser("mine", help="produce blocks at once")
    mine.add_argument("chain", choices=CHAINS)
    mine.add_argument("blocks", type=_count, metavar="BLOCKS")
    mine.set_defaults(run=commands.mine)

    node = nouns.add_parser("node").add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, action in (("pause", commands.pause), ("resume", commands.resume)):
        command = node.add_parser(verb, help=f"{verb} a chain's node")
        command.add_argument("chain", choices=CHAINS)
        command.set_defaults(run=action)

    fault_commands.add_to(nouns)
    beacon_commands.add_to(nouns)

    wallet = nouns.add_parser("wallet").add_subparsers(dest="verb", required=True, metavar="VERB")
    fund = wallet.add_parser("fund", help="give a wallet ether, tokens and voting power")
    fund.add_argument("address")
    fund.add_argument("--votes", type=_count, default=10_000, metavar="TOKENS")
    fund.set_defaults(run=commands.fund)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    options = parser().parse_args(arguments)
    try:
        options.run(options, labfile.data_folder())
    except EXPECTED as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
