"""Every act that the audit knows, in one place."""

from enum import StrEnum


class Act(StrEnum):
    """What was done, as `source:subject:action`; the audit takes no free text in its place."""

    CHARTER_LOADED = "charter:venue:load"
    SIGNED_IN = "charter:session:sign-in"
    SIGNED_OUT = "charter:session:sign-out"
    SESSIONS_ENDED = "charter:session:end-all"
    KEY_GIVEN = "charter:key:give"
    KEY_REVOKED = "charter:key:revoke"
    SWITCH_THROWN = "charter:switch:throw"
    SWITCH_RELEASED = "charter:switch:release"
    JOURNAL_REPAIRED = "chainsync:journal:repair"
    LIGHT_CLIENT_BEGUN = "chainsync:light-client:begin"
    BRANCH_ACCEPTED = "chainsync:branch:accept"
