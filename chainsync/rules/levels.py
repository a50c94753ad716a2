"""Levels of findings, and what standing conditions look like."""

from ledger.findings import Standing

NOTICE, WARNING, ALARM = "notice", "warning", "alarm"

Conditions = dict[str, Standing]
"""What stands, by subject."""
