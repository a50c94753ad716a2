"""The budget of an endpoint is one for all workers, on however many machines they are."""

import json
import subprocess
import sys

import pytest
from deployment import ROOT, Deployment, run

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.timeout(600)]

RATE = 40
SPENDER = """
import json, sys, time
import django; django.setup()
from chainsync.endpoint.budget import Budget, OverBudget
from charter.models import Endpoint

budget = Budget(Endpoint.objects.get(name="l2-a"))
print("ready", flush=True)
sys.stdin.readline()
spent, began = 0, time.monotonic()
while time.monotonic() - began < 3:
    try:
        budget.spend(3)
        spent += 3
    except OverBudget as over:
        time.sleep(min(over.retry_after, 1))
print(json.dumps(spent), flush=True)
"""


def spenders(deployment: Deployment, count: int) -> list[subprocess.Popen[str]]:
    """Workers that are ready to ask as often as they may."""
    found = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER],
            cwd=ROOT,
            env=deployment.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for one in found:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    return found


def test_two_workers_together_ask_no_more_than_the_charter_allows(deployment: Deployment) -> None:
    """By the database's own clock and count: what was granted is what the time has earned."""
    deployment.query("UPDATE charter_endpoint SET requests_per_second = %s", RATE)
    processes = spenders(deployment, 2)
    [(began,)] = deployment.query("SELECT clock_timestamp()")
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    spent = [json.loads(one.communicate(timeout=60)[0]) for one in processes]
    [(granted, seconds)] = deployment.query(
        "SELECT granted, extract(epoch FROM refilled_at - %s)::float FROM chainsync_endpointbudget",
        began,
    )
    # One second's worth may have been saved up before, and a batch may go below zero by itself.
    assert sum(spent) <= granted <= RATE * (seconds + 1) + 4
    assert all(one > 0 for one in spent)


HEARER = """
import django; django.setup()
from chainsync.endpoint.budget import Budget
from charter.models import Endpoint
for endpoint in Endpoint.objects.all():
    Budget(endpoint).rest(3600)
"""
OTHER = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from chainsync.endpoint.budget import Budget, OverBudget
from chainsync.models import EndpointBudget
from charter.models import Endpoint
for endpoint in Endpoint.objects.order_by("name"):
    try:
        Budget(endpoint).spend(1)
    except OverBudget as over:
        print(over)
past = timezone.now() - timedelta(seconds=5)
EndpointBudget.objects.update(resting_until=past, refilled_at=past)
for endpoint in Endpoint.objects.order_by("name"):
    Budget(endpoint).spend(1)
    print("asked", endpoint.name)
"""


def test_when_one_worker_is_told_to_slow_down_all_rest(deployment: Deployment) -> None:
    """The endpoint is left alone by a process that never heard it say so, for as long as it asked;
    whether the charter gives it a budget (a) or none (b)."""
    deployment.query(
        "UPDATE charter_endpoint SET requests_per_second = %s WHERE name = 'l2-a'", RATE
    )
    run(["-c", HEARER], deployment.env)
    assert run(["-c", OTHER], deployment.env).splitlines() == [
        "l2-a asked another worker to be left alone for a while.",
        "l2-b asked another worker to be left alone for a while.",
        "asked l2-a",
        "asked l2-b",
    ]
