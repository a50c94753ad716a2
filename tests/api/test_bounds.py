"""What a request may cost, and that nothing a stranger sends makes it fail."""

import random
from urllib.parse import quote

import pytest
from django.test import Client

from tests.api.small_venue import Venue, address

pytestmark = pytest.mark.django_db


def fill(venue: Venue, rows: int) -> str:
    """Give every list some rows; returns the key of the proposal with the votes."""
    for serial in range(rows):
        proposal = venue.proposal()
        venue.operation(operation_id=f"0x{serial + 1:064x}")
        venue.delegate(proposal.log_index, votes=serial)
    for serial in range(rows):
        venue.vote(proposal, voter=serial)
    return str(proposal.key)


# A list costs one query for its rows and two for how far everything is followed, those with
# cheap tags one or two more for the tag, and operations four for calls, events and
# proposals. A proposal in full costs one each for what is linked, actions, events, operations, and
# what hangs on these.
COSTS = {
    "chains/": 4,
    "chains/l2/": 4,
    "contracts/": 1,
    "contracts/dao/": 1,
    "proposals/": 5,
    "proposals/?state=active&q=proposal&governor=dao&chain=l2": 5,
    "proposals/<key>/votes/": 5,
    "proposals/<key>/votes/?order=weight": 5,
    "votes/": 4,
    "votes/?voter=0x0000000000000000000000000000000000000001": 4,
    "votes/?proposal=<key>": 5,
    "delegates/": 4,
    "delegates/?token=token": 4,
    "operations/": 7,
    "proposals/<key>/": 7,
    "delegates/0x0000000000000000000000000000000000000001/": 4,
    "blocks/": 3,
    "reorgs/": 3,
    "findings/": 1,
}


@pytest.mark.parametrize(("path", "cost"), COSTS.items())
def test_a_list_costs_the_same_however_long_it_is(
    client: Client, venue: Venue, django_assert_num_queries: object, path: str, cost: int
) -> None:
    for rows in (2, 12):
        url = "/api/v1/" + path.replace("<key>", fill(venue, rows))
        with django_assert_num_queries(cost):  # type: ignore[operator]
            assert client.get(url).status_code == 200


def test_a_later_page_costs_at_most_one_query_more_per_column_of_its_order(
    client: Client, venue: Venue, django_assert_max_num_queries: object
) -> None:
    key = fill(venue, 9)
    following = f"/api/v1/proposals/{key}/votes/?order=weight&limit=2"
    while following:
        with django_assert_max_num_queries(6):  # type: ignore[operator]
            following = client.get(following).json()["next"]


PATHS = [
    "",
    "chains/",
    "contracts/",
    "proposals/",
    "votes/",
    "delegates/",
    "operations/",
    "blocks/",
    "reorgs/",
    "findings/",
]
NAMES = [
    *("state", "governor", "chain", "proposer", "q", "voter", "proposal", "token", "timelock"),
    *("kind", "active", "role", "canonical", "number", "refused", "open", "rule", "level"),
    *("subject", "limit", "cursor", "order", "format", "page", "[]", "", "__class__", "id__in"),
]
VALUES = [
    *("", "0", "-1", "1", "true", "null", "NaN", "1e9", "9" * 30, "9" * 300, "0x", "0x" + "f" * 40),
    *(
        "\0",
        "a\0b",
        "%",
        "%%",
        "_",
        "\\",
        "'",
        '"',
        "' OR 1=1 --",
        "<script>",
        "{}",
        "[1]",
        "(",
        "*",
    ),
    *("eip155:", "eip155:901", "eip155:" + "9" * 40, "eip155:٣", "executed,", ",,,", "executed,x"),
    *("😀", "\u202e", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "a" * 5000),
    *("WyJuZXdlc3QiLDFd", "WyJuZXdlc3QiLDEsMV0", "W10", "bnVsbA", "====", "٣", "²", "a & b | !c"),
    *("l2", "dao", "oz-governor-5", "endpoint.", address(1), "newest", "weight", "warning"),
]


def test_nothing_in_a_query_makes_a_list_fail(client: Client, venue: Venue) -> None:
    """Every value under every name everywhere, then a thousand seeded mixtures."""
    key = fill(venue, 2)
    paths = [*PATHS, f"proposals/{key}/votes/", "chains/l2/", "contracts/dao/"]
    seeded = random.Random(20)
    queries = [[(name, value)] for name in NAMES for value in VALUES]
    queries = seeded.sample(queries, 400)
    queries += [
        [(seeded.choice(NAMES), seeded.choice(VALUES)) for _ in range(3)] for _ in range(200)
    ]
    for query in queries:
        text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
        url = f"/api/v1/{seeded.choice(paths)}?{text}"
        answer = client.get(url)
        assert answer.status_code in (200, 400, 404), (url, answer.content)
        if answer.status_code != 200:
            assert set(answer.json()["error"]) == {"code", "message", "hint"}, url


@pytest.mark.slow
def test_every_filter_meets_every_hostile_value(client: Client, venue: Venue) -> None:
    lists = {
        "chains/": ["role", "active"],
        "contracts/": ["chain", "kind", "active"],
        "proposals/": ["state", "governor", "chain", "proposer", "q"],
        "votes/": ["voter", "proposal"],
        "delegates/": ["token", "chain"],
        "operations/": ["timelock", "chain", "proposal"],
        "blocks/": ["chain", "canonical", "number"],
        "reorgs/": ["chain", "refused"],
        "findings/": ["open", "rule", "level", "subject"],
    }
    fill(venue, 1)
    for path, names in lists.items():
        for name in [*names, "limit", "cursor"]:
            for value in VALUES:
                url = f"/api/v1/{path}?{name}={quote(value)}"
                answer = client.get(url)
                assert answer.status_code in (200, 400), (url, answer.content)


@pytest.mark.parametrize("value", VALUES)
def test_nothing_in_a_path_makes_an_object_fail(client: Client, venue: Venue, value: str) -> None:
    for path in ("chains/%s/", "contracts/%s/", "proposals/%s/votes/", "findings/%s/", "%s/"):
        answer = client.get("/api/v1/" + path % quote(value, safe=""))
        assert answer.status_code in (200, 404), (path, value)


@pytest.mark.parametrize(
    "header", ["*", '"', 'W/"', "W/", "\x00", ", , ,", '"a"' * 5000, "é", "W/" * 3000]
)
def test_no_conditional_header_makes_a_list_fail(client: Client, venue: Venue, header: str) -> None:
    answer = client.get("/api/v1/proposals/", headers={"If-None-Match": header})
    assert answer.status_code in (200, 304)
