"""Addresses of the live streams."""

from django.urls import path

from ledger import views

app_name = "ledger"
urlpatterns = [
    path("live/", views.stream, name="live"),
    path("live/positions/", views.latest, name="positions"),
]
