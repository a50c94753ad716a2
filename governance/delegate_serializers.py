"""How one delegate looks in the API: power in every token, and whom the account itself trusts."""

from rest_framework import serializers

from charter.representation import AccountField, ReadSerializer
from governance.models import Delegation
from governance.serializers import LOG_FIELDS, DelegateSerializer, LogRowSerializer


class DelegationSerializer(LogRowSerializer):
    """A holder chose another delegate."""

    token = serializers.CharField(
        source="contract.key", read_only=True, help_text="Key of the votes token."
    )
    delegator = AccountField(address="delegator", contract="contract")
    from_delegate = AccountField(address="from_delegate", contract="contract")
    to_delegate = AccountField(address="to_delegate", contract="contract")

    class Meta:
        model = Delegation
        fields = [
            "chain",
            "token",
            "delegator",
            "from_delegate",
            "to_delegate",
            *LOG_FIELDS,
            "freshness",
        ]
        read_only_fields = fields


class DelegateDetailSerializer(ReadSerializer):
    """An account as a delegate: `power` has a row for each token in which it has any."""

    address = serializers.CharField(help_text="Checksummed after EIP-55.")
    power = DelegateSerializer(many=True)
    delegates_to = DelegationSerializer(
        many=True, help_text="The account's own latest delegation in each token."
    )
    votes = serializers.URLField(help_text="Where this account's votes are listed.")
