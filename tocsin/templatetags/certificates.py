"""The certificate that a page shows of a proposal."""

from typing import Any

from django import template

from governance.certificates import Kept, kept
from governance.proven import Proven

register = template.Library()


@register.simple_tag(takes_context=True)
def kept_certificate(context: Any) -> Kept:
    """What the view has chosen or read for the page, else the newest of its proposal."""
    chosen: Kept | None = context.get("kept")
    read: Proven | None = context.get("proven")
    if chosen is not None:
        return chosen
    if read is not None:
        return Kept(proof=read.proof, newest=read.proof, why=read.why)
    return kept(context["proposal"])
