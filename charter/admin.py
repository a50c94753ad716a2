"""The charter in the administration: to be read; it is changed in venue.toml and by commands."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from charter.models import ApiKey, Chain, Contract, Endpoint, KillSwitch, Person


class ReadOnly(admin.ModelAdmin):
    """Rows that loading the charter or signing in writes, with an entry in the audit."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Chain)
class ChainAdmin(ReadOnly):
    list_display = ("key", "name", "chain_id", "role", "active")


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly):
    list_display = ("name", "chain", "operator", "public", "active")
    exclude = ("url",)
    list_select_related = ("chain",)


@admin.register(Contract)
class ContractAdmin(ReadOnly):
    list_display = ("key", "kind", "chain", "address", "start_block", "active")
    list_filter = ("chain", "kind")
    list_select_related = ("chain",)


@admin.register(Person)
class PersonAdmin(ReadOnly):
    list_display = ("address", "name", "is_active", "is_staff", "joined_at")
    fields = ("address", "name", "grants", "is_active", "is_staff", "joined_at", "last_login")
    search_fields = ("name",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("name", "per_minute", "given_at", "revoked_at")
    exclude = ("digest",)


@admin.register(KillSwitch)
class KillSwitchAdmin(ReadOnly):
    list_display = ("switch", "thrown", "reason", "changed_at")
