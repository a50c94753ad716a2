"""Signing in and out with Ethereum."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from eth_utils.address import is_checksum_address

from charter import nonces, siwe
from charter.actions import person_end_sessions, person_sign_in, person_sign_out
from charter.models import Chain, Person
from charter.queries import sign_in_switch
from charter.siwe import SignInRefused
from charter.throttle import Rate, network_of, spend

STATEMENT = "Sign in to this venue. Signing costs nothing and sends no transaction."
SIGN_IN_RATE = Rate(20, 60)
NONCE_RATE = Rate(30, 60)
_STATUS = {"malformed": 400, "switched-off": 503, "too-often": 429}


@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; on POST of JSON `{message, signature, next}` the sign-in itself.

    Answers `{address, name, next}`, or `{error: {code, message}}` with 400, 403, 429 or 503.
    """
    if request.method == "GET":
        switch = sign_in_switch()
        context = {
            "next": _next(request, request.GET.get("next")),
            "switched_off": switch.reason if switch else None,
        }
        return render(request, "charter/sign_in.html", context)
    try:
        person, following = _signed_in(request)
    except SignInRefused as refused:
        return _refusal(refused)
    return JsonResponse({"address": person.address, "name": person.name, "next": following})


@never_cache
@ensure_csrf_cookie
@require_GET
def nonce(request: HttpRequest) -> HttpResponse:
    """What a message to sign must say: `{nonce, domain, uri, chain_ids, issued_at, …}`.

    `csrf` is what the sign-in must send as X-CSRFToken. With `address` (checksummed) and
    `chain_id` also the finished `message`.
    """
    try:
        _refuse_while_switched_off()
        _refuse_too_often(request, "nonce", NONCE_RATE)
        address, chain = request.GET.get("address"), request.GET.get("chain_id")
        if address is not None and not (is_checksum_address(address) and _is_id(chain)):
            raise SignInRefused(
                "malformed", "Give address with its EIP-55 checksum and chain_id as digits."
            )
    except SignInRefused as refused:
        return _refusal(refused)
    scheme, domain = _origin(request)
    now = datetime.now(UTC).replace(microsecond=0)
    message = siwe.Message(
        domain=domain,
        address=address or "",
        statement=STATEMENT,
        uri=f"{scheme}://{domain}{siwe.PATH}",
        chain_id=int(chain or 0),
        nonce=nonces.issue(request.session),
        issued_at=now,
        expiration_time=now + siwe.LIFETIME,
    )
    answer = {
        "csrf": get_token(request),
        "nonce": message.nonce,
        "domain": domain,
        "uri": message.uri,
        "statement": STATEMENT,
        "chain_ids": _chain_ids(),
        "issued_at": siwe.written(now),
        "expiration_time": siwe.written(now + siwe.LIFETIME),
    }
    if address is not None:
        answer["message"] = message.text()
    return JsonResponse(answer)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; JSON for those who accept it, else back to the home page."""
    if isinstance(request.user, Person):
        person_sign_out(address=request.user.address)
    logout(request)
    if request.accepts("text/html"):
        return HttpResponseRedirect("/")
    return JsonResponse({"next": "/"})


@never_cache
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person who asks, on every device."""
    if isinstance(request.user, Person):
        person_end_sessions(address=request.user.address)
    logout(request)
    if request.accepts("text/html"):
        return HttpResponseRedirect("/")
    return JsonResponse({"next": "/"})


def _signed_in(request: HttpRequest) -> tuple[Person, str]:
    _refuse_while_switched_off()
    _refuse_too_often(request, "sign-in", SIGN_IN_RATE)
    try:
        sent = json.loads(request.body)
        text, signature = sent["message"], sent["signature"]
    except (ValueError, KeyError, TypeError):
        text = signature = None
    if not (isinstance(text, str) and isinstance(signature, str)):
        raise SignInRefused("malformed", "Send JSON with message and signature, both text.")
    # Taken first, so that it is used up whatever is wrong with the rest.
    given = nonces.take(request.session)
    message = siwe.parse(text)
    scheme, domain = _origin(request)
    siwe.check(
        message,
        scheme=scheme,
        domain=domain,
        statement=STATEMENT,
        chain_ids=_chain_ids(),
        nonce=given,
        now=datetime.now(UTC),
    )
    siwe.check_signature(text, message, signature)
    person = person_sign_in(address=message.address)
    # Rotates the session's key, so that a key known from before is worth nothing.
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(None)  # from here on it lasts as long as the settings say
    return person, _next(request, sent.get("next"))


def _refuse_too_often(request: HttpRequest, what: str, rate: Rate) -> None:
    if spend(what, network_of(request.META.get("REMOTE_ADDR", "")), rate):
        raise SignInRefused("too-often", "Too many attempts. Wait a minute and try again.")


def _refuse_while_switched_off() -> None:
    if switch := sign_in_switch():
        raise SignInRefused(
            "switched-off",
            f"Nobody can sign in at the moment: {switch.reason} Reading still works.",
        )


def _refusal(refused: SignInRefused) -> JsonResponse:
    return JsonResponse(
        {"error": {"code": refused.code, "message": str(refused)}},
        status=_STATUS.get(refused.code, 403),
        headers={"Retry-After": "60"} if refused.code == "too-often" else {},
    )


def _origin(request: HttpRequest) -> tuple[str, str]:
    """Scheme and host that the visitor's address bar shows."""
    public = urlsplit(settings.PUBLIC_URL)
    host = request.get_host()
    return (public.scheme if public.netloc == host else str(request.scheme)), host


def _chain_ids() -> list[int]:
    return list(Chain.objects.filter(active=True).values_list("chain_id", flat=True))


def _is_id(written: str | None) -> bool:
    return bool(written and written.isascii() and written.isdigit() and len(written) <= 16)


def _next(request: HttpRequest, wanted: object) -> str:
    """Where to go after signing in: a page of this site, the home page when it is none."""
    if not (isinstance(wanted, str) and re.match(r"/(?![/\\])", wanted) and len(wanted) <= 2000):
        return "/"
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    ):
        return wanted
    return "/"
