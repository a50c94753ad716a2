"""The schema says what the API does, without a warning, and is shown on a page of its own."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from tests.api.small_venue import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as the command writes it, which fails on any warning."""
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", "--format=openapi-json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def test_the_served_schema_is_the_valid_one(client: Client, schema: dict[str, Any]) -> None:
    answer = client.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    assert json.loads(answer.content)["paths"].keys() == schema["paths"].keys()
    assert "/api/v1/proposals/{key}/votes/" in schema["paths"]
    assert not any("audit" in path for path in schema["paths"])


def test_only_reading_is_offered_and_every_refusal_is_described(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        if path.endswith("schema/"):
            continue
        assert set(methods) == {"get"}, path
        assert {"200", "304", "400", "404", "429", "503"} <= set(methods["get"]["responses"])


def test_answers_have_the_shape_that_the_schema_says(
    client: Client, venue: Venue, schema: dict[str, Any]
) -> None:
    operation = venue.operation()
    proposal = venue.proposal(operation_id=operation.operation_id)
    venue.vote(proposal)
    venue.delegate(1, votes=2)
    seen = 0
    for path in schema["paths"]:
        address = path.replace("{address}", "0x" + "0" * 39 + "1").replace("{id}", "1")
        key = {"chains": "l2", "contracts": "dao"}.get(path.split("/")[3], proposal.key)
        address = address.replace("{name}", "l2-a")
        answer = client.get(address.replace("{key}", key))
        if answer.status_code == 404 or path.endswith("schema/"):
            continue
        described = schema["paths"][path]["get"]["responses"]["200"]
        shape = described["content"]["application/json"]["schema"]
        wrong = list(mismatches(answer.json(), shape, schema["components"]["schemas"], path))
        assert wrong == []
        seen += 1
    assert seen >= 14


def mismatches(value: Any, shape: dict[str, Any], named: dict[str, Any], at: str) -> Iterator[str]:
    """Where `value` is not of `shape`: types, required and unknown properties, enums."""
    if "$ref" in shape:
        shape = named[shape["$ref"].rsplit("/", 1)[1]]
    if "allOf" in shape or "oneOf" in shape:
        if value is None and shape.get("nullable"):
            return
        parts = [list(mismatches(value, one, named, at)) for one in shape.get("oneOf", [])]
        if parts and all(parts):
            yield from parts[0]
        for one in shape.get("allOf", []):
            yield from mismatches(value, one, named, at)
        return
    if value is None:
        if not shape.get("nullable") and shape.get("enum") != [None]:
            yield f"{at} is null"
        return
    if "enum" in shape and value not in shape["enum"]:
        yield f"{at} is {value!r}, not of {shape['enum']}"
    kinds = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}
    kinds["number"] = (int, float)  # type: ignore[assignment]
    if "type" in shape and not isinstance(value, kinds[shape["type"]]):
        yield f"{at} is {value!r}, not {shape['type']}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from mismatches(item, shape["items"], named, f"{at}[{index}]")
    elif isinstance(value, dict) and "properties" in shape:
        properties = shape["properties"]
        yield from (
            f"{at}.{name} is missing" for name in shape.get("required", ()) if name not in value
        )
        yield from (f"{at}.{name} is unknown" for name in value if name not in properties)
        for name in value.keys() & properties.keys():
            yield from mismatches(value[name], properties[name], named, f"{at}.{name}")


def test_the_page_of_the_schema_loads_no_script_of_others(client: Client) -> None:
    answer = client.get("/api/v1/docs/")
    page = answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "https://" not in page
    assert "<script>" not in page, "inline scripts do not run under the policy"
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    for source in (line.split('"')[0] for line in page.split('src="')[1:]):
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
        else:
            assert client.get(source.replace("&amp;", "&")).status_code == 200
