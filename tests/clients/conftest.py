"""The official Python client pointed at a module's cluster, and namespaces of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client


@pytest.fixture(scope="module")
def python_api(shared_server: str) -> Iterator[client.ApiClient]:
    """What every API class of the client is made with."""
    with client.ApiClient(client.Configuration(host=shared_server)) as api:
        yield api


@pytest.fixture(scope="module")
def core(python_api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(python_api)


@pytest.fixture(scope="module")
def apps(python_api: client.ApiClient) -> client.AppsV1Api:
    return client.AppsV1Api(python_api)


@pytest.fixture
def namespace(core: client.CoreV1Api) -> Iterator[str]:
    """A namespace that goes when the test ends."""
    name = core.create_namespace(client.V1Namespace(metadata={"generateName": "test-"})).metadata.name
    yield name
    core.delete_namespace(name)
