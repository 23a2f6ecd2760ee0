"""How programs reach a cluster: its URL, a kubeconfig file, the environment, HTTP clients, kubectl."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from fauxkube.testing.kubectl import SECONDS, Ran, run_kubectl

if TYPE_CHECKING:
    import httpx

_KUBECONFIG = "KUBECONFIG"


class Access:
    """Access to the cluster at `url`, as the user who has the bearer token, or as nobody; until `close`."""

    def __init__(self, url: str, name: str, *, user: str = "", token: str = "") -> None:
        self.url = url
        self.name = name
        self.user = user
        self.token = token
        self._clients: list[httpx.Client] = []
        self._exported: str | None = None
        self._exports = False

    @cached_property
    def kubeconfig(self) -> str:
        """The path of a kubeconfig file, made when it is first asked for and removed with the cluster."""
        from fauxkube.cluster.kubeconfig import kubeconfig

        path = Path(tempfile.mkdtemp(prefix="fauxkube-")) / "kubeconfig"
        path.touch(mode=0o600)
        # Every JSON text is a YAML text.
        config = kubeconfig(self.url, self.name, user=self.user, token=self.token)
        path.write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2))
        return str(path)

    def env(self) -> dict[str, str]:
        """What to set in the environment of a program that is to speak to the cluster."""
        return {_KUBECONFIG: self.kubeconfig}

    def export(self) -> None:
        """Set it in the environment of this process, until the cluster is stopped."""
        if not self._exports:
            self._exports, self._exported = True, os.environ.get(_KUBECONFIG)
        os.environ.update(self.env())

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client whose base URL is the cluster's; options are httpx's. It is closed with the cluster."""
        import httpx

        client = httpx.Client(**self._options(options))
        self._clients.append(client)
        return client

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """The same for asyncio and trio, which the caller closes (`async with`)."""
        import httpx

        return httpx.AsyncClient(**self._options(options))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.get("headers", {})
        return {"base_url": self.url, "trust_env": False} | options | {"headers": headers}

    def kubectl(
        self, *args: str, path: str = "", input: str | None = None, check: bool = True, timeout: float = SECONDS
    ) -> Ran:
        """Run kubectl: `kubectl("get", "pods", "-o", "json").json()`.

        KubectlError when there is none, or, unless `check` is false, when it fails.
        """
        return run_kubectl(args, kubeconfig=self.kubeconfig, path=path, input=input, check=check, timeout=timeout)

    def close(self) -> None:
        """Remove the file, close the clients and put the environment back; harmless when called again."""
        while self._clients:
            self._clients.pop().close()
        if self._exports:
            self._exports = False
            _restore(self._exported)
        if (path := self.__dict__.pop("kubeconfig", None)) is not None:
            shutil.rmtree(Path(path).parent, ignore_errors=True)


def _restore(value: str | None) -> None:
    if value is None:
        os.environ.pop(_KUBECONFIG, None)
    else:
        os.environ[_KUBECONFIG] = value
