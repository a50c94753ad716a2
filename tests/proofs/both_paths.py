"""What the plain and the batch path for storage proofs say of replies, which must be the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proofs.chain import getproof, getproof_batch
from proofs.chain.getproof import Asked, Proven
from proofs.refusals import BatchRefused, Refusal


def outcome(check: Callable[..., list[Proven]], *arguments: Any) -> Any:
    """What a path says, in a form that can be compared: what is proven, and refusals in words."""
    try:
        return check(*arguments)
    except BatchRefused as refused:
        words = {at: (type(why), str(why), why.facts) for at, why in refused.refusals.items()}
        return list(words.items()), refused.answers
    except Refusal as refusal:
        return type(refusal), str(refusal)


def both(root: bytes, asked: list[Asked], bodies: list[bytes]) -> Any:
    """What both paths say, which is the same."""
    plain = outcome(getproof.check_all, root, asked, bodies)
    assert outcome(getproof_batch.check_all, root, asked, bodies) == plain
    return plain
