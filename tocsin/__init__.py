"""Floor 5: the Django project. Wires the apps together and decides nothing itself."""

from tocsin.celery import app as celery_app

__all__ = ["celery_app"]
