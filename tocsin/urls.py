"""Addresses of the whole house; each app brings its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from tocsin import faults, health, metrics, views

handler400 = faults.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = faults.fault

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    *([path("admin/", admin.site.urls)] if settings.ADMIN else []),
    path("api/v1/", include("tocsin.api")),
    path("", include("charter.urls")),
    path("", include("ledger.urls")),
    path("", views.home, name="home"),
    path("live/home/", views.home_live, name="home-live"),
    path("health/", views.health_page, name="health"),
    path("findings/", views.findings, name="findings"),
    path("hand-off/", views.handoff, name="hand-off"),
    path("", include("chainsync.urls")),
    path("", include("governance.urls")),
]
