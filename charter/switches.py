"""Every kill switch, in one place."""

from django.db import models


class Switch(models.TextChoices):
    """A thing that an administrator may stop without a deployment."""

    READ_ONLY = "read-only", "Nobody may sign in or change anything"
    NO_SIGN_IN = "no-sign-in", "Nobody may sign in"
    NO_FOLLOWING = "no-following", "Following of chains is stopped"
    NO_BACKFILL = "no-backfill", "Backfill is stopped"
