"""Slots, beside published figures."""

from __future__ import annotations

import pytest

from proofs.refusals import NotAnInteger, OutOfRange, WrongLength
from proofs.statements.storage.slots import (
    IMPLEMENTATION_SLOT,
    array_slot,
    mapping_slot,
    namespace_slot,
    offset_slot,
)

# As the sources of OpenZeppelin 5 publish them beside each namespace.
NAMESPACES = {
    "Votes": 0xE8B26C30FAD74198956032A3533D903385D56DD795AF560196F9C78D4AF40D00,
    "VotesExtended": 0x4A7BC7AABB540021543C1F28DD259F8776612C96FD248BDCC6FDF56C7778D900,
    "Governor": 0x7C712897014DBE49C045EF1299AA2D5F9E67E48EEA4403EFA21F1E0F3AC0CB00,
    "GovernorCountingSimple": 0xA1CEFA0F43667EF127A258E673C94202A79B656E62899531C4376D87A7F39800,
    "GovernorCountingFractional": (
        0xD073797D8F9D07D835A3FC13195AFEAFD2F137DA609F97A44F7A3AA434170800
    ),
    "GovernorCountingOverridable": (
        0xBFFDE6E7CA736EFB3D8171F99B09ABC076E81F804BF1703DC71FB0B1F7715100
    ),
    "GovernorTimelockControl": 0x0D5829787B8BEFDBC6044EF7457D8A95C2A04BC99235349F1A212C063E59D400,
    "GovernorVotes": 0x3BA4977254E415696610A40EBF2258DBFA0EC6A2FF64E84BFE715FF16977CC00,
    "GovernorVotesQuorumFraction": (
        0xE770710421FD2CAD75AD828C61AA98F2D77D423A440B67872D0F65554148E000
    ),
    "GovernorVotesSuperQuorumFraction": (
        0x31EABC8444B313223279A7CB4D22BCE9201D463789F695E0A51F91D19EC31000
    ),
    "GovernorPreventLateQuorum": 0x042F525FD47E44D02E065DD7BB464F47B4F926FBD05B5E087891EBD756ADF100,
    "GovernorSettings": 0x00D7616C8FE29C6C2FBE1D0C5BC8F2FAA4C35B43746E70B24B4D532752AFFD00,
    "GovernorStorage": 0x7FD223D3380145BD26132714391E777C488A0DF7AC2DD4B66419D8549FB3A600,
    "GovernorProposalGuardian": 0x2953E0C334CED07E397F02D0E9B450DBFD92BE015E93A9C249855132826E0300,
    "GovernorSequentialProposalId": (
        0x4B8C47B641115BBB755A0530712D89D8042B41728D36570A6119C90AE1B76800
    ),
    "GovernorTimelockCompound": 0x7D1501D734D0CA30B8D26751A7FAE89646767B24AFE11265192D56E5FE515B00,
    "GovernorTimelockAccess": 0xB26E23D38DF572F5669F6310D407229C15B4FB320CB19BF5E8C38856D28D0800,
    "TimelockController": 0x9A37C2AA9D186A0969FF8A8267BF4E07E864C2F2768F5040949E28A624FB3600,
    "AccessControl": 0x02DD7BC7DEC4DCEEDDA775E58DD541E08A116C6C53815C0BD028192F7B626800,
    "AccessManager": 0x40C6C8C28789853C7EFD823AB20824BBD71718A8A5915E855F6F288C9A26AD00,
    "ERC20": 0x52C63247E1F47DB19D5CE0460030C497F067CA4CEBF71BA98EEADABE20BACE00,
    "Nonces": 0x5AB42CED628888259C08AC98DB1EB0CF702FC1501344311D8B100CD1BFE4BB00,
    "EIP712": 0xA16A46D94261C7517CC8FF89F61C0CE93598E3C849801011DEE649A6A557D100,
}


@pytest.mark.parametrize("name", sorted(NAMESPACES))
def test_a_namespace_is_computed_from_its_name(name: str) -> None:
    assert namespace_slot(f"openzeppelin.storage.{name}") == NAMESPACES[name]


def test_the_slot_of_a_proxys_implementation_is_the_one_of_erc_1967() -> None:
    published = "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
    assert f"{IMPLEMENTATION_SLOT:064x}" == published


def test_elements_of_an_array_in_a_mapping_lie_where_a_published_proof_has_them() -> None:
    account = bytes.fromhex("106b1f88867d99840caacac2da91265ba6e93e2b")
    length = mapping_slot(8, account)
    first = 0x87C554E6C4E8F9242420B8D1DB45854CE29CC80A3C50310BA7FDDC5044149D44
    assert [array_slot(length, index) for index in (0, 4)] == [first, first + 4]


def test_nested_mappings_are_entered_from_the_outside() -> None:
    inner = mapping_slot(3, b"\x11" * 20)
    assert mapping_slot(3, b"\x11" * 20, 7) == mapping_slot(inner, 7)
    # An address is padded on the left, as the number that it also is; a hash is taken as it is.
    assert mapping_slot(3, b"\x11" * 20) == mapping_slot(3, int.from_bytes(b"\x11" * 20, "big"))
    assert mapping_slot(3, b"\x22" * 32) == mapping_slot(3, int.from_bytes(b"\x22" * 32, "big"))


def test_slots_wrap_around_as_in_the_evm() -> None:
    assert offset_slot(2**256 - 1, 1) == 0


def test_keys_that_no_mapping_has_are_refused() -> None:
    with pytest.raises(WrongLength):
        mapping_slot(1, b"\x01" * 21)
    with pytest.raises(OutOfRange):
        mapping_slot(1, -1)
    with pytest.raises(OutOfRange):
        mapping_slot(2**256, 1)
    with pytest.raises(NotAnInteger):
        array_slot(1, 1.0)  # type: ignore[arg-type]
