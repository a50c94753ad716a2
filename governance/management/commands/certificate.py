"""`manage.py certificate KEY --output FILE`: a file by which a stranger re-checks a tally."""

import io
import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chainsync.endpoint import fetching
from chainsync.endpoint.failures import EndpointFailure
from chainsync.endpoint.pool import pool_of
from chainsync.models import Block, ChainStatus
from governance import queries, witnesses
from governance.facts import NotAsked
from governance.models import Proposal
from proofs.certificate.result import Verified
from proofs.certificate.verifying import verify
from proofs.refusals import Refusal
from proofs.statements.assurance import NEEDED_OPERATORS


class Command(BaseCommand):
    """Exit code 1 when nothing was written, and the reason in words."""

    help = "Write a certificate of a proposal's tally, to be checked by `python -m proofs verify`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the proposal's key, as in the address of its page")
        parser.add_argument("--output", type=Path, required=True, help="the file to write")
        parser.add_argument(
            "--head",
            action="store_true",
            help="anchor at the newest block, which may still be reorganised away, and not at the "
            "newest final one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path = options["output"]
        try:
            proposal = queries.proposal(options["key"])
        except Proposal.DoesNotExist:
            raise CommandError(f"There is no proposal {options['key']}.") from None
        try:
            anchor = self._anchor(proposal, at_head=options["head"])
            data, _ = witnesses.certificate(proposal, anchor)
            found = verify(io.BytesIO(data))
        except (Refusal, EndpointFailure, NotAsked) as failure:
            raise CommandError(f"No certificate was written: {failure}") from None
        try:
            _write(output, data)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
        self._tell(found, output, len(data))

    def _anchor(self, proposal: Proposal, *, at_head: bool) -> Block:
        """The journalled block to anchor at, its hash given alike by two operators' endpoints."""
        chain = proposal.contract.chain
        status = ChainStatus.objects.filter(chain=chain).first()
        wanted = status and (status.head_hash if at_head else status.finalized_hash)
        block = wanted and Block.objects.filter(chain=chain, hash=wanted, canonical=True).first()
        if not block:
            raise CommandError(
                f"No block of {chain.name} is {'followed' if at_head else 'final'} yet."
            )
        if block.number < proposal.block_number:
            raise CommandError(
                f"The proposal was made in block {proposal.block_number}, and block "
                f"{block.number} is the newest final one. Wait, or anchor with --head."
            )
        pool = pool_of(chain)
        alike = set()
        for source in pool.sources:
            try:
                (header,) = fetching.headers(source, [block.number])
            except EndpointFailure:
                continue
            if header is not None and "0x" + header.hash.hex() == block.hash:
                alike.add(source.operator)
        if len(alike) < min(NEEDED_OPERATORS, len(pool.operators)):
            given = ", ".join(sorted(alike)) or "nobody"
            raise CommandError(
                f"Block {block.number} is not agreed: its hash is given by {given}, and "
                f"{NEEDED_OPERATORS} operators are needed. Ask again when more of them answer."
            )
        self.stdout.write(
            f"Anchored at block {block.number}, {block.hash}, given by {', '.join(sorted(alike))}"
            f"{'' if len(alike) > 1 else ' alone'}."
        )
        return block

    def _tell(self, found: Verified, output: Path, size: int) -> None:
        for step in found.steps:
            self.stdout.write(f"proven   {step.what}")
        for one in found.unproven:
            self.stdout.write(f"open     {one}")
        verdict = {
            "proven": "The tally is proven.",
            "counted": "The votes are proven to add up; the power of voters is not proven.",
            "totals": "Only the totals are proven.",
        }[found.reach.value]
        self.stdout.write(f"{verdict} Root 0x{found.root.hex()}, {size} bytes in {output}.")


def _write(output: Path, data: bytes) -> None:
    """Put the file in its place whole or not at all."""
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
