"""What pods serve, with real kubectl through the API server, and with curl."""

from __future__ import annotations

import json

from support.curl import Curl
from support.kubectl import Kubectl

WEB = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""


def test_get_raw_shows_what_a_service_answers(cli: Kubectl, shared_server: str) -> None:
    cli("apply", "-f", "-", stdin=WEB)
    cli("wait", "pod/web", "--for=condition=Ready")
    cli("wait", "endpoints/shop", "--for=jsonpath={.subsets[0].addresses[0].ip}")
    base = f"/api/v1/namespaces/{cli.namespace}"
    for path in ("services/shop:http/proxy/cart?a=1", "pods/web/proxy/cart?a=1"):
        told = json.loads(cli("get", "--raw", f"{base}/{path}").out)
        assert (told["pod"], told["path"]) == ("web", "/cart?a=1")
    refused = cli.refused("get", "--raw", f"{base}/services/shop:ftp/proxy/")
    assert 'no endpoints available for service "shop:ftp"' in refused
    answer = Curl(shared_server)(f"{base}/services/shop:http/proxy", "--location")
    assert (answer.code, answer.body.splitlines()[0]) == (200, "Hello from web")
