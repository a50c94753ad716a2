"""Nouns of the ledger."""

from ledger.models.audit import AuditEntry
from ledger.models.consumer import Consumer
from ledger.models.finding import Finding
from ledger.models.lease import Lease
from ledger.models.outbox import OutboxEntry
from ledger.models.seal import Seal

__all__ = ["AuditEntry", "Consumer", "Finding", "Lease", "OutboxEntry", "Seal"]
