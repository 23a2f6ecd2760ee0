"""The API over plain HTTP: objects to write, and what the answers say."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from fauxkube.machinery.objects import Object

CORE = "/api/v1"
DEFAULT = f"{CORE}/namespaces/default"
CONFIG_MAPS = f"{DEFAULT}/configmaps"
PODS = f"{DEFAULT}/pods"
SERVICES = f"{DEFAULT}/services"
NODES = f"{CORE}/nodes"
NAMESPACES = f"{CORE}/namespaces"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"

JSON_PATCH = {"content-type": "application/json-patch+json"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
STRATEGIC_PATCH = {"content-type": "application/strategic-merge-patch+json"}

_numbers = itertools.count()


def fresh_name() -> str:
    """A name that no other test uses."""
    return f"it-{next(_numbers)}"


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Object:
    """A config map's body."""
    return {"metadata": {"name": name, **metadata}, **({"data": data} if data else {})}


def pod(name: str, **spec: Any) -> Object:
    """A pod's body: one container."""
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}], **spec}}


def service(name: str, **spec: Any) -> Object:
    """A service's body: port 80."""
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def deployment(name: str, *, replicas: int = 1) -> Object:
    """A deployment's body."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod("")["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def made(http: httpx.Client, path: str, body: Object) -> Object:
    """The object as it was created."""
    return answered(http.post(path, json=body), 201)


def answered(response: httpx.Response, code: int = 200) -> Object:
    """The answer's body; fails the test when the answer has another code."""
    assert response.status_code == code, f"{response.status_code}: {response.text[:2000]}"
    body: Object = response.json()
    return body


def refused(response: httpx.Response, code: int, reason: str, message: str | None = None) -> Object:
    """The `Status` of a refusal, judged; answers its details."""
    status = answered(response, code)
    assert (status["kind"], status["apiVersion"], status["metadata"]) == ("Status", "v1", {})
    assert (status["status"], status["code"], status.get("reason", "")) == ("Failure", code, reason)
    assert message is None or status["message"] == message
    details: Object = status.get("details", {})
    return details


def causes(details: Object) -> list[tuple[str, str, str]]:
    """A refusal's causes as (reason, field, message)."""
    return [(cause["reason"], cause["field"], cause["message"]) for cause in details["causes"]]


def names(listed: Object) -> list[str]:
    """The names in a list, in order."""
    return [item["metadata"]["name"] for item in listed["items"]]


def revision(http: httpx.Client) -> str:
    """The revision of the newest write of any kind."""
    version: str = answered(http.get(f"{CORE}/configmaps?limit=1"))["metadata"]["resourceVersion"]
    return version


def state_of(http: httpx.Client) -> dict[str, list[tuple[str, str]]]:
    """Names and versions of all that clients write; what control loops write on their own is left out."""
    resources = ("configmaps", "pods", "secrets", "services", "deployments")
    paths = [f"/apis/apps/v1/{each}" if each == "deployments" else f"{CORE}/{each}" for each in resources]
    return {path: [_version_of(item) for item in answered(http.get(path))["items"]] for path in paths}


def _version_of(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}", metadata["resourceVersion"]


def pools(http: httpx.Client) -> dict[str, dict[str, str]]:
    """What is held out of each pool: value to owner."""
    uses = answered_list(http.get("/fauxkube/v1/ipam"))
    return {use["name"]: {each["value"]: each["owner"] for each in use["allocations"]} for use in uses}


def answered_list(response: httpx.Response) -> list[Object]:
    """An answer that is a JSON array."""
    assert response.status_code == 200, response.text
    items: list[Object] = response.json()
    return items


@contextmanager
def watching(http: httpx.Client, path: str, **query: str) -> Iterator[Iterator[Object]]:
    """A watch's events as they come, until the server ends it."""
    with http.stream("GET", path, params={"watch": "1", "timeoutSeconds": "10", **query}) as response:
        if response.status_code != 200:
            response.read()
        assert response.status_code == 200, response.text
        yield (json.loads(line) for line in response.iter_lines())


def told(events: Iterator[Object], count: int) -> list[tuple[str, str]]:
    """The next so many events as (type, name)."""
    return [(each["type"], each["object"]["metadata"].get("name", "")) for each in itertools.islice(events, count)]
