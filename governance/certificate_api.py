"""Certificates of tallies, to fetch: the head, one shard, or the whole file."""

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from governance import kept_proofs
from governance.models import ProofAttempt, Proposal, Shard, TallyProof
from governance.proven import NOT_YET

MEDIA_TYPE = "application/vnd.tocsin.certificate"
OCTETS = "application/octet-stream"
KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="Key of a proposal.")
ROOT = OpenApiParameter(
    "root",
    str,
    description="Root of the certificate that is wanted, while it is kept; else the newest.",
)
SHARD = OpenApiParameter(
    "shard", str, OpenApiParameter.PATH, description="keccak256 of the shard, 0x and 64 digits."
)


class CertificateView(APIView):
    """The certificate of a proposal: what names it, and which shards it rests on.

    Its two lines are those with which the file begins (docs/certificate.md); the shards follow by
    their hashes. 404 while there is none, with the reason.
    """

    @extend_schema(
        tags=["governance"],
        operation_id="certificate",
        parameters=[KEY, ROOT],
        responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Seal and head of a certificate."""
        row = wanted(request, key)
        response = HttpResponse(kept_proofs.beginning(row), content_type=MEDIA_TYPE)
        return tagged(request, response, row.root)


class CertificateFileView(APIView):
    """A certificate in one file, as `python -m proofs verify` takes it."""

    @extend_schema(
        tags=["governance"],
        operation_id="certificate_file",
        parameters=[KEY, ROOT],
        responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """The whole certificate as a file."""
        row = wanted(request, key)
        response = StreamingHttpResponse(
            kept_proofs.whole(row),
            content_type=MEDIA_TYPE,
            headers={
                "Content-Disposition": f'attachment; filename="{kept_proofs.file_name(row)}"',
                "Content-Length": str(row.size),
            },
        )
        return tagged(request, response, row.root)


class ShardView(APIView):
    """A shard by its hash: whoever has the head can hold it against its name."""

    @extend_schema(
        tags=["governance"],
        operation_id="certificate_shard",
        parameters=[KEY, SHARD],
        responses={(200, OCTETS): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str, shard: str) -> HttpResponseBase:
        """One shard of a proposal's kept_proofs."""
        found = None
        if _is_hash(shard):
            found = Shard.objects.filter(hash=shard, places__proof__proposal__key=key).first()
        if found is None:
            raise Http404(f"No certificate of {key} that is kept has a shard {shard[:80]}.")
        response = HttpResponse(bytes(found.content), content_type=OCTETS)
        # It is named by its hash, so it never changes.
        patch_cache_control(response, public=True, max_age=31_536_000, immutable=True)
        return tagged(request, response, found.hash)


def wanted(request: Request, key: str) -> TallyProof:
    """The certificate that is asked for. Raises Http404 with the reason, ValidationError."""
    if unknown := set(request.query_params) - {"root"}:
        raise ValidationError({name: ["There is only `root`."] for name in sorted(unknown)})
    root = request.query_params.get("root", "")
    rows: Any = kept_proofs.proofs().filter(proposal__key=key).defer(None)
    rows = rows.select_related("proposal").defer("proposal__description", "proposal__search")
    if root:
        if not _is_hash(root):
            raise ValidationError({"root": ["Write 0x and 64 lower-case hex digits."]})
        rows = rows.filter(root=root)
    row: TallyProof | None = rows.first()
    if row is None:
        raise Http404(_why_none(key, root))
    return row


def tagged(request: Request, response: HttpResponseBase, name: str) -> HttpResponseBase:
    """The response under a strong tag, or 304 for who holds it already."""
    response.headers["ETag"] = f'"{name}"'
    held = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    if response.headers["ETag"] not in held:
        return response
    unchanged = HttpResponse(status=304)
    for header in ("ETag", "Cache-Control"):
        if header in response.headers:
            unchanged.headers[header] = response.headers[header]
    return unchanged


def _why_none(key: str, root: str) -> str:
    if not Proposal.objects.filter(key=key).exists():
        return f"There is no proposal {key}."
    if root:
        return f"No certificate with the root {root} is kept: newer ones take its place."
    attempt = ProofAttempt.objects.filter(proposal__key=key).first()
    if attempt is None or not attempt.why:
        return NOT_YET
    return f"Not proven yet, and tried again soon. {attempt.why}"


def _is_hash(text: str) -> bool:
    return len(text) == 66 and text[:2] == "0x" and set(text[2:]) <= set("0123456789abcdef")
