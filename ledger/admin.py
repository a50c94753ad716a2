"""The ledger in the administration: to be read, never to be changed."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from ledger.models import AuditEntry, Consumer, Finding, Lease, OutboxEntry, Seal


class ReadOnly(admin.ModelAdmin):
    """Rows that only the ledger itself writes; superusers included, nobody edits them here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditAdmin(ReadOnly):
    list_display = ("position", "at", "actor", "act", "subject")
    list_filter = ("act",)
    search_fields = ("actor", "subject")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(OutboxEntry)
class OutboxAdmin(ReadOnly):
    list_display = ("position", "at", "topic", "event")
    search_fields = ("topic", "event")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Finding)
class FindingAdmin(ReadOnly):
    list_display = ("rule", "subject", "level", "opened_at", "closed_at")
    list_filter = ("level", "rule")
    search_fields = ("subject", "summary")


@admin.register(Lease)
class LeaseAdmin(ReadOnly):
    list_display = ("name", "owner", "fence", "expires_at")


@admin.register(Consumer)
class ConsumerAdmin(ReadOnly):
    list_display = ("name", "position", "failures", "retry_at")


@admin.register(Seal)
class SealAdmin(ReadOnly):
    list_display = ("name", "position")
