"""Refusals of the ledger."""


class LedgerError(RuntimeError):
    """Base of what the ledger refuses."""


class NotInTransaction(LedgerError):
    """An entry was to be written outside the transaction that makes it true."""


class FenceLost(LedgerError):
    """The lease was taken by another or has lapsed: nothing may be written under it."""
