"""Step 6: a proof whose anchor is a block that the sync committee signed as finalized, or leads to
one by parent hashes."""

from django.db import connection

from chainsync.light_client import standing
from chainsync.models import ChainStatus
from charter.models import Chain
from governance.models import TallyProof
from governance.proving.canonical import canonical
from ledger.actions import tell

_LINKED = """
SELECT count(*) FROM chainsync_block AS block
JOIN chainsync_block AS parent
  ON parent.chain_id = block.chain_id AND parent.canonical AND parent.hash = block.parent_hash
  AND parent.number = block.number - 1
WHERE block.chain_id = %(chain)s AND block.canonical
  AND block.number > %(anchor)s AND block.number <= %(signed)s
"""
AT_ONCE = 100


def linkable_from(chain: Chain) -> int | None:
    """The lowest block that journalled headers link to a signed one; None where none is signed."""
    if standing.certified(chain) is None:
        return None
    return ChainStatus.objects.filter(chain=chain).values_list("dense_from", flat=True).first()


def sign(chain: Chain) -> int:
    """Note, in the caller's transaction, on which proofs the newest signed block bears.

    Returns how many there are. Every journalled header was hashed when it came, so the parents that
    it names are the ones that were signed for.
    """
    signed = standing.certified(chain)
    if signed is None:
        return 0
    rows = (
        TallyProof.objects.filter(
            canonical(),
            proposal__contract__chain=chain,
            signed_block=None,
            anchor_number__lte=signed.number,
        )
        .select_related("proposal")
        .defer("head", "proposal__description", "proposal__search")
    )
    noted = 0
    for row in rows[:AT_ONCE]:
        if not _leads_to(chain, row.anchor_number, row.anchor_hash, signed):
            continue
        row.signed_block, row.signed_slot = signed.number, signed.slot
        row.signed_participants = signed.participants
        row.signed_committee = signed.committee_size
        row.save(
            update_fields=["signed_block", "signed_slot", "signed_participants", "signed_committee"]
        )
        tell(topic=f"proposal:{row.proposal.key}", event="signed", detail={})
        noted += 1
    return noted


def _leads_to(chain: Chain, number: int, block_hash: str, signed: standing.Certified) -> bool:
    head = "0x" + signed.hash.hex()
    if number == signed.number:
        return block_hash == head
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM chainsync_block WHERE chain_id = %s AND canonical AND hash = %s",
            [chain.pk, signed.hash],
        )
        if cursor.fetchone() is None:
            return False
        cursor.execute(_LINKED, {"chain": chain.pk, "anchor": number, "signed": signed.number})
        (linked,) = cursor.fetchone()
    return bool(linked == signed.number - number)
