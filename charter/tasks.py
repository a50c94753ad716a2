"""Celery tasks of the charter."""

from importlib import import_module

from celery import shared_task
from django.conf import settings


@shared_task
def sweep() -> None:
    """Forget sessions that have lapsed, those of unused nonces among them."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
