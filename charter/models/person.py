"""People are known by an address they have proven to hold."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac

from charter.fields import AddressField
from charter.permissions import Permission


class PersonManager(BaseUserManager["Person"]):
    """Creates people from addresses; nobody has a password unless an operator sets one."""

    def create_user(self, address: str, password: str | None = None, **fields: object) -> "Person":
        person = self.model(address=address, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, address: str, password: str, **fields: object) -> "Person":
        return self.create_user(address, password, is_staff=True, is_superuser=True, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who signed in with Ethereum (EIP-4361), known by address."""

    address = AddressField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    grants = models.JSONField(default=list, help_text="Permissions given by the charter.")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    sessions_ended = models.PositiveIntegerField(
        default=0, help_text="How often all sessions of this person were ended at once."
    )

    objects = PersonManager()

    USERNAME_FIELD = "address"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name or self.address

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must still know; Django asks for it with each request that has one."""
        known = f"{self.password}:{self.sessions_ended}"
        return salted_hmac("charter.session", known, secret=secret, algorithm="sha256").hexdigest()

    def may(self, permission: str) -> bool:
        """Whether the charter grants `permission` to this person."""
        return self.is_active and (self.is_superuser or permission in self.grants)

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Django's question; who may read the audit may view everything in the administration."""
        views = perm.partition(".")[2].startswith("view_")
        return (views and self.may(Permission.READ_AUDIT)) or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the administration shows this app at all."""
        return self.may(Permission.READ_AUDIT) or super().has_module_perms(app_label)
