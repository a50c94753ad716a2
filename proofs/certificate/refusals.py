"""What is refused about a certificate, each naming the item and the place in it."""

from __future__ import annotations

from ..refusals import Refusal


class CertificateRefusal(Refusal):
    """Base: ``item`` is the part of the file (``head``, ``shard 3 (receipts)``), ``place`` where
    in it, empty when it is the whole item."""

    def __init__(self, item: str, place: str, message: str, **facts: object) -> None:
        where = f"{item}, {place}" if place else item
        super().__init__(f"{where}: {message}", item=item, place=place, **facts)
        self.item = item
        self.place = place


class MalformedCertificate(CertificateRefusal):
    """Not of the form: another format or version, a field too many, too few or of another kind,
    or not the one canonical way of writing it."""


class TooLarge(CertificateRefusal):
    """Beyond a limit of the format; nothing beyond it is read."""


class CutShort(CertificateRefusal):
    """The file ends before what its head announces, or goes on after it."""


class WrongHash(CertificateRefusal):
    """Bytes that do not hash to what they are named by."""


class ClaimMismatch(CertificateRefusal):
    """The head claims what the witnesses contradict; ``claimed`` and ``found`` hold both."""


class Disordered(CertificateRefusal):
    """Entries that do not come in their strict order, or come twice."""


class BrokenLink(CertificateRefusal):
    """A header that nothing links to the anchor."""


class UnusedWitness(CertificateRefusal):
    """A header or a receipt that no statement rests on."""


class SumMismatch(CertificateRefusal):
    """The linked, proven votes do not add up to the proven totals; ``difference`` says by how
    much, totals less votes, by bucket."""


class PowerMismatch(CertificateRefusal):
    """The votes of a voter are not what its power or its receipt allows."""


class PartRefused(CertificateRefusal):
    """A proof or a statement inside of an item was refused; ``cause`` is that refusal."""

    def __init__(self, item: str, place: str, cause: Refusal) -> None:
        super().__init__(item, place, str(cause), cause=type(cause).__name__)
        self.cause = cause
