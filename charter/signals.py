"""What the charter did, for floors above to write down.

Each is sent inside the transaction that did it, and a receiver that fails undoes it.
"""

from django.dispatch import Signal

charter_loaded = Signal()
"""Arguments: `actor` (str), `venue` (name), `changes` (list of `charter.actions.Change`)."""

person_signed_in = Signal()
"""Arguments: `address` (str, checksummed), `created` (bool: signed in for the first time)."""

person_signed_out = Signal()
"""Arguments: `address` (str, checksummed)."""

person_ended_sessions = Signal()
"""Arguments: `address` (str, checksummed)."""

key_given = Signal()
"""Arguments: `actor` (str), `name` (str), `per_minute` (int)."""

key_revoked = Signal()
"""Arguments: `actor` (str), `name` (str)."""

switch_thrown = Signal()
"""Arguments: `actor` (str), `switch` (Switch), `thrown` (bool), `reason` (str)."""
