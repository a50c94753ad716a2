"""A sound venue that stories bend out of shape."""

import pytest

GOVERNOR = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
TOKEN = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
OLD = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0"
ADA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

VENUE = f"""
[venue]
name = "Lab Venue"

[chains.l1]
name = "Venue L1"
chain_id = 900
block_time = 4
role = "l1"
[[chains.l1.endpoints]]
name = "l1-a"
operator = "Lab operator A"
url = "${{TOCSIN_LAB_URL}}/l1-a"
[[chains.l1.endpoints]]
name = "l1-b"
operator = "Lab operator B"
url = "${{TOCSIN_LAB_URL}}/l1-b"

[chains.l1.beacon]
checkpoint = "${{CHECKPOINT}}"
[[chains.l1.beacon.endpoints]]
name = "l1-beacon"
url = "https://beacon.example.org/?key=${{L2_KEY}}"
[chains.l1.beacon.network]
genesis_time = "${{GENESIS_TIME}}"
genesis_validators_root = "0x{"5b" * 32}"
seconds_per_slot = 1
slots_per_epoch = 8
epochs_per_period = 16
committee_size = 32
[[chains.l1.beacon.network.forks]]
name = "deneb"
epoch = 0
version = "0x04000001"
[[chains.l1.beacon.network.forks]]
name = "electra"
epoch = 2
version = "0x05000001"

[chains.l2]
name = "Venue L2"
chain_id = 901
block_time = 2.5
role = "l2"
[[chains.l2.endpoints]]
name = "l2-a"
operator = "Lab operator A"
url = "${{TOCSIN_LAB_URL}}/l2-a"
public = true
[[chains.l2.endpoints]]
name = "l2-b"
operator = "Lab operator B"
url = "https://l2-b.example.org/{{}}?key=${{L2_KEY}}"

[contracts.governor]
kind = "oz-governor-5"
chain = "l2"
address = "{GOVERNOR}"
start_block = 12
label = "Venue Governor"
token = "token"

[contracts.token]
kind = "erc20-votes"
chain = "l2"
address = "{TOKEN.lower()}"
start_block = 0
label = "Venue Token"

[contracts.old-governor]
kind = "oz-governor-4"
chain = "l1"
address = "{OLD}"
start_block = 3

[people."{ADA}"]
name = "Ada"
grants = ["throw-switch", "read-audit"]
"""
KINDS = frozenset({"oz-governor-5", "oz-governor-4", "erc20-votes"})
SECRET = "s3cr3t-key"


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "TOCSIN_LAB_URL": "http://127.0.0.1:9000",
        "L2_KEY": SECRET,
        "CHECKPOINT": "0x" + "c7" * 32,
        "GENESIS_TIME": "1700000000",
    }


@pytest.fixture
def venue_text() -> str:
    return VENUE


@pytest.fixture
def kinds() -> frozenset[str]:
    return KINDS


@pytest.fixture
def secret() -> str:
    return SECRET
