"""Every permission, in one place."""

from django.db import models


class Permission(models.TextChoices):
    """What a person may do beyond reading; granted in the charter, checked at the edge."""

    THROW_SWITCH = "throw-switch", "Throw and release kill switches"
    MANAGE_CHARTER = "manage-charter", "Load a changed charter"
    READ_AUDIT = "read-audit", "Read the audit"
