"""Columns that only governance needs."""

from typing import Any

from django.core.exceptions import ValidationError

from charter.fields import UINT256_MAX, Uint256Field


class SignedAmountField(Uint256Field):
    """A whole number of at most 256 bits and a sign, for what an event adds or takes back.

    Votes that holders take back from their delegate (`VoteReduced`) are negative.
    """

    description = "Signed amount of token units"

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            if -value > UINT256_MAX:
                raise ValidationError(f"{value} does not fit into 256 bits and a sign")
            return value
        return super().to_python(value)
