"""How chains and contracts of the charter look in the API."""

from rest_framework import serializers

from charter.models import Contract
from charter.representation import AccountField, ChainField


class ContractSerializer(serializers.ModelSerializer[Contract]):
    """A contract that the charter names. `links` maps a role to the key of another contract."""

    chain = ChainField()
    account = AccountField(address="address", help_text="CAIP-10 id.")
    address = serializers.CharField(read_only=True, help_text="Checksummed after EIP-55.")
    links = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Contract
        fields = [
            "key",
            "label",
            "kind",
            "chain",
            "account",
            "address",
            "start_block",
            "links",
            "active",
        ]
        read_only_fields = fields
