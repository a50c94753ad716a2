"""venue.toml is read strictly, and every refusal says where, what and what to write instead."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charter.errors import CharterError, Problem
from charter.loading import kind_problems, parse, read


def refused(text: str, environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(CharterError) as raised:
        parse(text, environ)
    return raised.value.problems


def test_a_sound_file_is_read_with_addresses_checksummed(
    venue_text: str, environ: dict[str, str], kinds: frozenset[str]
) -> None:
    venue = parse(venue_text, environ)
    assert venue.venue.name == "Lab Venue"
    assert venue.chains["l2"].chain_id == 901
    assert venue.chains["l2"].block_time == 2.5
    assert [endpoint.public for endpoint in venue.chains["l2"].endpoints] == [True, False]
    assert venue.chains["l2"].endpoints[0].url == "${TOCSIN_LAB_URL}/l2-a"
    assert venue.contracts["token"].address == "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
    assert venue.contracts["governor"].links == {"token": "token"}
    assert venue.contracts["old-governor"].label is None
    assert kind_problems(venue, kinds) == []


BAD = [
    ("chain_id = 901", "chain-id = 901", "chains.l2.chain_id", "it is missing"),
    ("chain_id = 901", "chain-id = 901", "chains.l2.chain-id", "Did you mean 'chain_id'?"),
    ("chain_id = 901", 'chain_id = "901"', "chains.l2.chain_id", "it is '901', but a whole number"),
    ("chain_id = 901", "chain_id = true", "chains.l2.chain_id", "it is true, but a whole number"),
    ("chain_id = 901", "chain_id = -1", "chains.l2.chain_id", "must be greater than 0"),
    ("chain_id = 901", "chain_id = 900", "chains.l2.chain_id", "already the id of chains.l1"),
    ("block_time = 2.5", "block_time = 0", "chains.l2.block_time", "must be greater than 0"),
    ("block_time = 2.5", "block_time = nan", "chains.l2.block_time", "it is nan, but"),
    ('role = "l2"', 'role = "L2"', "chains.l2.role", "it must be 'l1' or 'l2'"),
    ('name = "Lab Venue"', 'name = " "', "venue.name", "it is empty"),
    ("[venue]", "[venues]", "venue", "it is missing"),
    ("[venue]", "[venues]", "venues", "Did you mean 'venue'?"),
    ("start_block = 12", "start_block = -12", "contracts.governor.start_block", "not be below 0"),
    ("start_block = 12", "", "contracts.governor.start_block", "Add a line such as: start_block"),
    ("start_block = 12", "start_block = 1.5", "contracts.governor.start_block", "a whole number"),
    ("start_block = 12", 'tokn = "token"', "contracts.governor.tokn", "Did you mean 'token'?"),
    ("0x5FbDB", "0x5FBDB", "contracts.governor.address", "do not match its checksum"),
    ("0x5FbDB", "0x5FbD", "contracts.governor.address", "is not an address"),
    ("0x5FbDB", "5FbDB", "contracts.governor.address", "Write 0x and 40 hex digits"),
    ("0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x" + "0" * 40, "contracts.governor.address",
     "the zero address"),
    ("0x5FbDB2315678afecb367f032d93F642f64180aa3", "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
     "contracts.token.address", "is already contracts.governor"),
    ('token = "token"', 'token = "tokn"', "contracts.governor.token", "Did you mean 'token'?"),
    ('token = "token"', "token = 7", "contracts.governor.token", "it is 7, but text in quotes"),
    ('token = "token"', 'token = "governor"', "contracts.governor.token", "it names itself"),
    ('token = "token"', 'token = "old-governor"', "contracts.governor.token",
     "is on l1, not on l2"),
    ("start_block = 12", "start_blok = 12", "contracts.governor.start_blok",
     "Did you mean 'start_block'?"),
    ('chain = "l2"\naddress = "0x5', 'chain = "l3"\naddress = "0x5', "contracts.governor.chain",
     "there is no chain 'l3'"),
    ("[contracts.governor]", "[contracts.Governor]", "contracts.Governor", "cannot be a key"),
    ("[contracts.governor]", '[contracts."a b"]', 'contracts."a b"', "small letters"),
    ('name = "l2-b"', 'name = "l2-a"', "chains.l2.endpoints[1].name", "already the name of"),
    ("public = true", 'public = "yes"', "chains.l2.endpoints[0].public", "true or false"),
    ("public = true", "public = true\nweight = 3", "chains.l2.endpoints[0].weight", "unknown"),
    ('url = "${TOCSIN_LAB_URL}/l2-a"', "", "chains.l2.endpoints[0].url", "it is missing"),
    ("${TOCSIN_LAB_URL}/l2-a", "${TOCSIN_LAB_UR}/l2-a", "chains.l2.endpoints[0].url",
     "refers to TOCSIN_LAB_UR, which is not set"),
    ("${TOCSIN_LAB_URL}/l2-a", "$TOCSIN_LAB_URL/l2-a", "chains.l2.endpoints[0].url", "in braces"),
    ("${TOCSIN_LAB_URL}/l2-a", "ftp://example.org", "chains.l2.endpoints[0].url", "https://"),
    ("${TOCSIN_LAB_URL}/l2-a", "http://example.org:port", "chains.l2.endpoints[0].url", "https://"),
    ("${TOCSIN_LAB_URL}/l2-a", "https://me:pass@example.org", "chains.l2.endpoints[0].url",
     "a user name or password"),
    ("${TOCSIN_LAB_URL}/l1-a", "${TOCSIN_LAB_URL}/l1-b", "chains.l1.endpoints", "the same url"),
    ('grants = ["throw-switch"', 'grants = ["trow-switch"', "0xf39F", "Did you mean 'throw-swi"),
    ('people."0xf39F', 'people."0xf39f', "0xf39f", "do not match its checksum"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "key", "said"), BAD, ids=[f"{b[1]}" for b in BAD])
def test_what_is_wrong_is_said_at_its_key(
    good: str, bad: str, key: str, said: str, venue_text: str, environ: dict[str, str], secret: str
) -> None:
    assert good in venue_text
    found = refused(venue_text.replace(good, bad, 1), environ)
    assert any(key in problem.key and said in str(problem) for problem in found), list(
        map(str, found)
    )
    assert all(problem.instead for problem in found)
    everything = " ".join(map(str, found))
    assert secret not in everything
    assert "me:pass" not in everything
    assert "127.0.0.1" not in everything


def test_one_operator_cannot_agree_with_itself(venue_text: str, environ: dict[str, str]) -> None:
    same = venue_text.replace("Lab operator B", "lab operator a")
    found = refused(same, environ)
    assert [problem.key for problem in found] == ["chains.l1.endpoints", "chains.l2.endpoints"]
    assert "agreement needs the answers of two operators" in str(found[0])


def test_one_endpoint_is_not_enough(venue_text: str, environ: dict[str, str]) -> None:
    begin = venue_text.index("[[chains.l1.endpoints]]", venue_text.index('"l1-a"'))
    fewer = venue_text[:begin] + venue_text[venue_text.index("[chains.l2]") :]
    assert "there is only one, but at least two are needed" in str(refused(fewer, environ)[0])


def test_all_problems_are_told_together(venue_text: str, environ: dict[str, str]) -> None:
    bad = venue_text.replace("chain_id = 901", "chain_id = 0").replace("0x5FbDB", "0x5FBDB")
    with pytest.raises(CharterError, match=r"venue\.toml has 2 problems"):
        parse(bad, environ)


def test_an_unknown_kind_is_named_with_the_known_ones(
    venue_text: str, environ: dict[str, str], kinds: frozenset[str]
) -> None:
    venue = parse(venue_text.replace('"oz-governor-5"', '"oz-govenor-5"'), environ)
    [problem] = kind_problems(venue, kinds)
    assert problem.key == "contracts.governor.kind"
    assert "Did you mean 'oz-governor-5'?" in problem.what
    assert problem.instead == "Write one of: erc20-votes, oz-governor-4, oz-governor-5."


def test_a_missing_unreadable_or_broken_file_is_explained(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = tmp_path / "venue.toml"
    with pytest.raises(CharterError, match="set TOCSIN_VENUE"):
        read(path, environ)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CharterError, match="not UTF-8"):
        read(path, environ)
    path.write_text("[venue\n")
    with pytest.raises(CharterError, match=r"not TOML: .*line 1"):
        read(path, environ)
    path.write_text("")
    with pytest.raises(CharterError, match=r"venue: it is missing\. Add a \[venue\] table"):
        read(path, environ)
    with pytest.raises(CharterError, match="cannot be read"):
        read(tmp_path, environ)


@pytest.mark.parametrize("text", ["venue = 3", "chains = []", "[chains]\nl2 = 7", "contracts = 1"])
def test_tables_of_the_wrong_shape_are_refused_in_words(text: str, environ: dict[str, str]) -> None:
    assert any("a table is needed" in str(problem) for problem in refused(text, environ))


def test_the_venue_that_is_shipped_is_sound_and_the_lab_serves_it() -> None:
    shipped = Path(__file__).resolve().parents[2] / "venue.toml"
    environ = {
        "TOCSIN_LAB_URL": "http://127.0.0.1:9000",
        "TOCSIN_LAB_BEACON_CHECKPOINT": "0x" + "ab" * 32,
        "TOCSIN_LAB_BEACON_GENESIS_TIME": "1700000000",
        "TOCSIN_LAB_BEACON_VALIDATORS_ROOT": "0x" + "cd" * 32,
    }
    venue = read(shipped, environ)
    assert {chain.chain_id for chain in venue.chains.values()} == {900, 901}
    with pytest.raises(CharterError, match="TOCSIN_LAB_URL, which is not set"):
        read(shipped, {})


LITERALS = st.one_of(
    st.sampled_from(['""', "[]", "{}", "true", "inf", "1979-05-27", '"${X}"', "[[1]]", "{a = 1}"]),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: repr(number)),
    st.text("ab0x.${}-éA\u202e", max_size=60).map(lambda text: f"'{text}'"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere_is_accepted_or_refused_in_words(
    data: st.DataObject, venue_text: str, environ: dict[str, str], secret: str
) -> None:
    places = list(re.finditer(r"(?m)^\w+ = (.*)$", venue_text))
    place = data.draw(st.sampled_from(places))
    literal = data.draw(LITERALS)
    changed = venue_text[: place.start(1)] + literal + venue_text[place.end(1) :]
    said = ""
    try:
        parse(changed, environ)
    except CharterError as error:
        said = str(error)
    assert secret not in said
    assert "pydantic" not in said
