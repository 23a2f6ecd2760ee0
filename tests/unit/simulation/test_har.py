"""The record as an HTTP archive: what the format (HAR 1.2) requires is there, whatever the call."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import pytest

from fauxkube.simulation.calls import Call
from support.calls import call, recorded

#: What each object must have, and of which type, by its path in an entry.
REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "": {
        "startedDateTime": str,
        "time": (int, float),
        "request": dict,
        "response": dict,
        "cache": dict,
        "timings": dict,
    },
    "request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "queryString": list,
        "headersSize": int,
        "bodySize": int,
    },
    "response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "content": dict,
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "response.content": {"size": int, "mimeType": str},
    "timings": {"send": (int, float), "wait": (int, float), "receive": (int, float)},
}


def entry_of(seen: Call) -> Any:
    """The archive's one entry, after a trip through JSON."""
    archive = json.loads(json.dumps(recorded(seen).to_har()))
    log = archive["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "fauxkube")
    assert isinstance(log["creator"]["version"], str)
    (entry,) = log["entries"]
    return entry


@pytest.mark.parametrize(
    "seen",
    [
        call("get", answer=b"{}", content_type="application/json", seconds=0.5),
        call("create", body={"a": 1}),
        call("create", body=b"\xff\xfe"),
        call("watch", status=200, events=3, open=True),
        call("list", query="limit=500&labelSelector=a%3Db&watch", warnings=["old"], answer=b"\xff"),
        call("get", status=0),
    ],
    ids=["get", "create", "binary", "watch", "list", "unanswered"],
)
def test_every_entry_has_what_the_format_requires(seen: Call) -> None:
    entry = entry_of(seen)
    for path, fields in REQUIRED.items():
        holder = entry
        for name in filter(None, path.split(".")):
            holder = holder[name]
        for name, kind in fields.items():
            assert isinstance(holder[name], kind), f"{path}.{name}"
    assert datetime.fromisoformat(entry["startedDateTime"]).utcoffset() is not None
    timings = entry["timings"]
    assert sum(timings.values()) == entry["time"]
    for pair in (*entry["request"]["headers"], *entry["request"]["queryString"], *entry["response"]["headers"]):
        assert isinstance(pair["name"], str)
        assert isinstance(pair["value"], str)


def test_an_entry_tells_the_request_and_its_answer() -> None:
    seen = call("list", query="limit=500&labelSelector=a%3Db", warnings=["old"], answer=b"{}", seconds=0.25)
    seen.content_type = "application/json"
    entry = entry_of(seen)
    assert entry["comment"] == "list configmaps default/web"
    assert entry["time"] == 250
    url = "http://127.0.0.1:8080/api/v1/namespaces/default/configmaps/web?limit=500&labelSelector=a%3Db"
    assert entry["request"]["url"] == url
    assert entry["request"]["queryString"] == [
        {"name": "limit", "value": "500"},
        {"name": "labelSelector", "value": "a=b"},
    ]
    assert entry["response"]["content"] == {"size": 2, "mimeType": "application/json", "text": "{}"}
    assert {"name": "Warning", "value": '299 - "old"'} in entry["response"]["headers"]
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (200, "OK")
    assert "postData" not in entry["request"]


def test_what_is_no_text_is_base64_and_what_was_too_large_says_so() -> None:
    entry = entry_of(call("create", body=b"\xff\xfe", answer=b"\xff", content_type="application/octet-stream"))
    assert entry["request"]["postData"] == {
        "mimeType": "application/json",
        "text": base64.b64encode(b"\xff\xfe").decode(),
        "comment": "encoded as base64",
    }
    assert entry["response"]["content"]["encoding"] == "base64"
    large = call("create", body=b"x" * 70_000, answer=b"x" * 80_000)
    entry = entry_of(large)
    assert entry["request"]["bodySize"] == 70_000
    assert entry["request"]["postData"]["comment"] == "70000 bytes, which are too many to be kept"
    assert entry["response"]["content"]["comment"] == "80000 bytes, which are too many to be kept"


def test_a_watch_tells_how_many_events_it_sent() -> None:
    assert entry_of(call("watch", events=3))["response"]["content"]["comment"] == "3 events, which are not kept"


def test_bearer_tokens_are_left_out() -> None:
    entry = entry_of(call("get", headers={"authorization": "Bearer s3cr3t"}))
    assert "s3cr3t" not in json.dumps(entry)
    assert {"name": "authorization", "value": "Bearer (left out)"} in entry["request"]["headers"]
