"""Settings of a Tocsin installation: one module for every deployment, varied by environment."""

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from tocsin import database, environment, loglines, queues

environment.load()

BASE_DIR = environment.BASE_DIR
DATA_DIR = environment.data_dir()
VENUE_FILE = Path(os.environ.get("TOCSIN_VENUE", BASE_DIR / "venue.toml"))


def _secret_key() -> str:
    """The key from the environment, or one that this installation made for itself and keeps."""
    if key := os.environ.get("TOCSIN_SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = os.environ.get("TOCSIN_DEBUG") == "1"
PUBLIC_URL = os.environ.get("TOCSIN_PUBLIC_URL", f"http://localhost:{os.environ.get('PORT', 8000)}")
ALLOWED_HOSTS = [
    host for host in os.environ.get("TOCSIN_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
BY_TLS = PUBLIC_URL.startswith("https://")
"""People reach this installation by TLS; that of a proxy in front counts."""
PROXIES = int(os.environ.get("TOCSIN_PROXIES", "0"))
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# What is there to be read is on pages and in the API; this is for operators who ask for it.
ADMIN = os.environ.get("TOCSIN_ADMIN") == "1"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "tocsin",
    "charter",
    "ledger",
    "chainsync",
    "governance",
]
MIDDLEWARE = [
    "tocsin.headers.edge_headers",
    "tocsin.logs.identified",
    "django.middleware.security.SecurityMiddleware",
    "tocsin.serving.static_files",
    "csp.middleware.CSPMiddleware",
    "tocsin.throttling.throttled",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tocsin.context.outbox_position",
]
ROOT_URLCONF = "tocsin.urls"
ASGI_APPLICATION = "tocsin.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tocsin.context.house",
            ],
        },
    }
]

DATABASES = {
    "default": {
        **database.settings(
            os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/tocsin")
        ),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "charter.Person"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "/sign-in/"
# A cookie named __Host-… is taken by browsers only with Secure, for this host alone and for every
# path: no sister domain can plant one.
_COOKIES = "__Host-" if BY_TLS else ""
SESSION_COOKIE_NAME = f"{_COOKIES}session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600
"""Seconds from signing in; reading does not prolong it."""
CSRF_COOKIE_NAME = f"{_COOKIES}csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "tocsin.faults.without_token"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BY_TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# What one request may bring; tocsin/edge.py refuses a larger body before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 0

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Each stream costs some 80 kB of memory in the web process; beyond this many, pages
# poll instead.
LIVE_STREAMS = int(os.environ.get("TOCSIN_LIVE_STREAMS", "500"))
LIVE_STREAMS_PER_ADDRESS = int(os.environ.get("TOCSIN_LIVE_STREAMS_PER_ADDRESS", "100"))

WEB_QUERY_SECONDS = 10
"""A query that a reader waits for is given up after this; workers have no such limit."""
API_RATE = os.environ.get("TOCSIN_API_RATE", "600/min")

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # everything here is public; no session is looked up
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_FILTER_BACKENDS": ["tocsin.filtering.StrictFilters"],
    "DEFAULT_PAGINATION_CLASS": "tocsin.pagination.KeysetPagination",
    "EXCEPTION_HANDLER": "tocsin.errors.as_json",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tocsin",
    "DESCRIPTION": "Read everything a page shows. Amounts are decimal strings in base units.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "Optional: a key from the operator has a rate of its own.",
            }
        }
    },
    "SECURITY": [{}, {"key": []}],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ProposalStateEnum": "governance.serializers.PROPOSAL_STATES",
        "OperationStateEnum": "governance.serializers.OPERATION_STATES",
        "AssuranceEnum": "chainsync.serializers.ASSURANCES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tocsin.schema.complete",
    ],
}

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "filesystem://")
CELERY_BROKER_TRANSPORT_OPTIONS = queues.transport_options(CELERY_BROKER_URL, DATA_DIR)
CELERY_BROKER_CONNECTION_TIMEOUT = queues.CONNECT_SECONDS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away is waited for
CELERY_BROKER_HEARTBEAT = 10
CELERY_TASK_QUEUES = queues.declared(CELERY_BROKER_URL)
# Who nudges gives up soon: the sweep nudges again, and a chain must not wait for a broker.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
CELERY_TASK_DEFAULT_QUEUE = "bulk"
# How many workers read the past of one chain at once.
BACKFILL_SLOTS = int(os.environ.get("TOCSIN_BACKFILL_SLOTS", "2"))
CELERY_TASK_ROUTES = {
    "ledger.tasks.*": {"queue": "urgent"},
    "chainsync.tasks.follow": {"queue": "urgent"},
    "chainsync.tasks.follow_beacon": {"queue": "urgent"},
    "chainsync.tasks.sweep": {"queue": "urgent"},
    "chainsync.tasks.watch": {"queue": "urgent"},
    "governance.tasks.observe": {"queue": "urgent"},
    "governance.tasks.sweep": {"queue": "urgent"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # what a killed child had is fetched again at once
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "tocsin.pool:TaskPool"
CELERY_WORKER_CONSUMER = "tocsin.queues:NudgeConsumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Told to end at once (SIGQUIT), a worker first lets its turns end for so long.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 1.0
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # kB; a larger child is replaced after its turn
CELERY_BEAT_SCHEDULER = "tocsin.beat:Scheduler"
CELERY_TIMEZONE = "UTC"

LOGGING = loglines.configuration(os.environ, SECRET_KEY, VENUE_FILE)
