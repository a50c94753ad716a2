"""Configuration of the app."""

from django.apps import AppConfig


class CharterConfig(AppConfig):
    name = "charter"
    verbose_name = "Which venue this is and who may do what"
