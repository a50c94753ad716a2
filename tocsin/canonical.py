"""Which columns are facts of the chain and of people, and which only say how we came to know them.

Every model of every app stands here once, and every column of it in one of four ways:

- `columns`: canonical. Whoever reads the same chain has the same values, whatever befell it.
- `summary`: canonical too, but true of the head only; left out where a digest ends below it.
- `derived`: an SQL expression in place of a column that is canonical in part.
- `observed`: how, when or by whom it was seen, with the reason. Not digested.

Foreign keys are replaced by the natural key of what they name (`NATURAL`). A test fails for a
model or a column that is not declared, so a new one is decided upon when it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SERIAL = "serial number"
WHEN = "when we saw it"
WHO = "who said it, or who asked"
WORK = "how far the work is, not what it found"

NATURAL: Mapping[str, tuple[str, ...]] = {
    "charter.Chain": ("key",),
    "charter.Contract": ("key",),
    "charter.Endpoint": ("name",),
    "charter.Person": ("address",),
    "chainsync.Block": ("hash",),
    "governance.Proposal": ("key",),
    # With the contract, which every row that names an operation carries itself.
    "governance.Operation": ("block_number", "log_index"),
}
"""Columns that name a row without its serial number."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """How the rows of one model are digested; the first columns should tell rows apart.

    `chain` is the path to the row's chain (`chain`, `contract.chain`), `at` the column with its
    block: with both, a digest up to a block leaves out what lies above. `where` is an SQL
    condition on the row `t`. In `derived` and `where`, `{upto}` is the block asked for.
    """

    columns: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    observed: Mapping[str, str] = field(default_factory=dict)
    chain: str = ""
    at: str = ""
    where: str = ""


@dataclass(frozen=True)
class Unread:
    """A model of which nothing is canonical, and why."""

    why: str


_PER_LOG = ("contract", "block_number", "log_index", "tx_hash", "timestamp")


def _projected(*columns: str, **more: object) -> Table:
    """A table of rows that are 1:1 with a log."""
    observed = {"id": SERIAL, **dict(more.pop("observed", {}))}  # type: ignore[call-overload]
    return Table(
        columns=(*_PER_LOG, *columns),
        chain="contract.chain",
        at="block_number",
        observed=observed,
        **more,  # type: ignore[arg-type]
    )


TABLES: Mapping[str, Table | Unread] = {
    "charter.VenueRecord": Table(columns=("name",), observed={"id": SERIAL}),
    "charter.Chain": Table(
        columns=("key", "chain_id", "name", "role", "block_time", "headers", "active"),
        observed={"id": SERIAL},
    ),
    "charter.Endpoint": Table(
        columns=(
            "name",
            "chain",
            "operator",
            "url",
            "public",
            "requests_per_second",
            "active",
        ),
        observed={"id": SERIAL},
    ),
    "charter.Beacon": Table(
        columns=("chain", "checkpoint", "network", "active"), observed={"id": SERIAL}
    ),
    "charter.BeaconEndpoint": Table(
        columns=("name", "operator", "url", "position", "active"),
        observed={"id": SERIAL, "beacon": "its name is unique, and the charter places it"},
    ),
    "charter.Contract": Table(
        columns=("key", "chain", "kind", "address", "start_block", "label", "links", "active"),
        observed={"id": SERIAL},
    ),
    "charter.Person": Table(
        columns=(
            "address",
            "name",
            "grants",
            "is_active",
            "is_staff",
            "is_superuser",
            "sessions_ended",
        ),
        observed={
            "id": SERIAL,
            "password": "a secret, and no fact",
            "joined_at": WHEN,
            "last_login": WHEN,
        },
    ),
    "charter.Person_groups": Unread("permissions stand in grants; groups are not used"),
    "charter.Person_user_permissions": Unread("permissions stand in grants; these are not used"),
    "charter.ApiKey": Table(
        columns=("name", "per_minute"),
        derived={"revoked_at": "t.revoked_at IS NOT NULL"},
        observed={
            "id": SERIAL,
            "digest": "of a secret, and no fact",
            "given_at": WHEN,
        },
    ),
    "charter.Allowance": Unread("what visitors have used up at this moment"),
    "charter.KillSwitch": Table(
        columns=("switch", "thrown", "reason", "by"), observed={"changed_at": WHEN}
    ),
    "ledger.AuditEntry": Table(
        # What people did. Which lies were believed for a while differs from run to run.
        where="t.act <> 'chainsync:journal:repair'",
        columns=("actor", "act", "subject", "detail"),
        observed={
            "id": SERIAL,
            "at": WHEN,
            "position": "the order in which acts were sealed",
            "seal": "covers the time; verified by ledger_verify",
        },
    ),
    "ledger.OutboxEntry": Unread(
        "what readers were told on the way, head by head; verified by ledger_verify"
    ),
    "ledger.Consumer": Unread(WORK),
    "ledger.Seal": Unread("covers times; verified by ledger_verify"),
    "ledger.Lease": Unread("who works at this moment"),
    "ledger.Finding": Unread("what rules saw on the way, of endpoints and workers as well"),
    "chainsync.Block": Table(
        # Between blocks with logs, which headers are kept depends on where following began.
        columns=("chain", "number", "hash", "parent_hash", "timestamp"),
        observed={
            "id": SERIAL,
            "header": "as one endpoint wrote it; the hash stands for it",
            "canonical": "digested are those that are",
            "operators": WHO,
            "seen_at": WHEN,
        },
        chain="chain",
        at="number",
        where="t.canonical AND EXISTS (SELECT 1 FROM chainsync_log AS log "
        "WHERE log.block_id = t.id AND log.canonical)",
    ),
    "chainsync.BlockReceipts": Unread("evidence that following keeps and backfill does not need"),
    "chainsync.Log": Table(
        columns=(
            "chain",
            "block_number",
            "log_index",
            "block",
            "tx_hash",
            "tx_index",
            "address",
            "topic0",
            "topic1",
            "topic2",
            "topic3",
            "data",
        ),
        observed={"id": SERIAL, "canonical": "digested are those that are"},
        chain="chain",
        at="block_number",
        where="t.canonical",
    ),
    "chainsync.Coverage": Table(
        columns=("contract", "topics", "fold_error"),
        derived={
            "blocks": "t.blocks * int8multirange(int8range(NULL, {upto}, '[]'))",
            "folded_to": "least(t.folded_to, {upto})",
        },
        observed={"agreed": WHO},
        chain="contract.chain",
    ),
    "chainsync.UndecodableLog": Table(
        columns=("contract", "block_number", "log_index", "reason"),
        observed={"id": SERIAL},
        chain="contract.chain",
        at="block_number",
    ),
    "chainsync.ChainStatus": Table(
        columns=("chain", "halted"),
        summary=(
            "head_number",
            "head_hash",
            "head_timestamp",
            "safe_number",
            "finalized_number",
            "finalized_hash",
        ),
        observed={
            "dense_from": "where following began",
            "followed_at": WHEN,
            "finality_waits": "what is final may wait for a second operator",
        },
        chain="chain",
    ),
    "chainsync.CodeRecord": Unread("what was looked at when, minute by minute"),
    "chainsync.EndpointStatus": Unread("how an endpoint answered us"),
    "chainsync.EndpointBudget": Unread("how much an endpoint may be asked at this moment"),
    "chainsync.EndpointMinute": Unread("how an endpoint answered us, minute by minute"),
    "chainsync.Dispute": Unread("what endpoints said that others denied, and when"),
    "chainsync.RetractedLog": Unread("what was believed for a while and proved false"),
    "chainsync.Observation": Unread("an observation by its name: block, call, reply, operators"),
    "chainsync.LightClient": Unread("which signatures were seen, and when"),
    "chainsync.Reorg": Unread("which branches we saw on the way"),
    "chainsync.BackfillRange": Unread(WORK),
    "governance.Token": Table(
        columns=("contract",),
        summary=("name", "symbol", "decimals", "clock_mode"),
        observed={"block_number": "the block at which it was asked"},
        chain="contract.chain",
    ),
    "governance.Governor": Table(
        columns=("contract",),
        summary=(
            "name",
            "clock_mode",
            "counting_mode",
            "voting_delay",
            "voting_period",
            "proposal_threshold",
            "guardian",
        ),
        observed={"block_number": "the block at which it was asked"},
        chain="contract.chain",
    ),
    "governance.Proposal": _projected(
        "key",
        "proposal_id",
        "proposer",
        "title",
        "description",
        "description_hash",
        "vote_start",
        "vote_end",
        "operation_id",
        "search",
        summary=(
            "extended_deadline",
            "eta",
            "queued",
            "executed",
            "canceled",
            "against_votes",
            "for_votes",
            "abstain_votes",
            "vote_count",
            "quorum_final",
            "state",
        ),
        # A provisional quorum is that of the block at which it happened to be asked.
        derived={
            name: f"CASE WHEN t.quorum_final AND {{upto}} = {2**62} THEN t.{name} END"
            for name in ("quorum", "quorum_numerator", "quorum_denominator", "supply_at_snapshot")
        },
        observed={
            "quorum_block": "the block at which it was asked",
            "state_block": "the head at which the state was stored",
            "checked_block": "the block at which it was compared",
        },
    ),
    "governance.ProposalAction": Table(
        columns=("proposal", "index", "target", "value", "signature", "calldata"),
        summary=("operation_id",),
        observed={"id": SERIAL},
        chain="proposal.contract.chain",
        at="proposal.block_number",
    ),
    "governance.ProposalEvent": _projected("proposal", "kind", "value"),
    "governance.Vote": _projected(
        "proposal",
        "voter",
        "kind",
        "support",
        "weight",
        "against_votes",
        "for_votes",
        "abstain_votes",
        "reason",
        "params",
    ),
    "governance.TallyDelta": Table(
        columns=(
            "contract",
            "block_number",
            "proposal",
            "against_votes",
            "for_votes",
            "abstain_votes",
            "votes",
        ),
        observed={"id": SERIAL},
        chain="contract.chain",
        at="block_number",
    ),
    "governance.Delegation": _projected("delegator", "from_delegate", "to_delegate"),
    "governance.Checkpoint": _projected("delegate", "previous", "votes"),
    "governance.Delegate": Table(
        columns=("contract", "address"),
        summary=("votes", "delegators"),
        observed={"id": SERIAL},
        chain="contract.chain",
    ),
    "governance.Operation": _projected(
        "operation_id",
        "predecessor",
        "delay",
        "ready_at",
        "expires_at",
        "call_count",
        summary=("salt", "executed_calls", "done", "canceled"),
    ),
    "governance.OperationCall": _projected(
        "operation", "index", "target", "value", "signature", "calldata"
    ),
    "governance.OperationEvent": _projected("operation", "kind", "index", "salt"),
    "governance.ParameterChange": _projected("name", "scope", "previous", "value"),
    "governance.TallyProof": Unread("at which anchors tallies were proven; each is checked anew"),
    "governance.Shard": Unread("witnesses of these proofs, named by their hash"),
    "governance.ShardPlace": Unread("where in a certificate a witness stands"),
    "governance.ProofAttempt": Unread(WORK),
    "governance.StrayEvents": Table(
        columns=("contract", "block_number", "noun", "name", "count"),
        observed={"id": SERIAL},
        chain="contract.chain",
        at="block_number",
    ),
}
