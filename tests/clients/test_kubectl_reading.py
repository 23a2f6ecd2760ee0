"""`kubectl get`, `wait`, `events`, `explain` and discovery, with real kubectl: what they print and what they refuse."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from support.kubectl import Kubectl

POD_COLUMNS = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]


def cells(printed: str) -> list[list[str]]:
    """The lines of a table, each as its cells."""
    return [re.split(r" {2,}", line.rstrip()) for line in printed.splitlines() if line]


def run(cli: Kubectl, name: str, *args: str) -> None:
    cli("run", name, "--image=nginx", *args)


@pytest.fixture(scope="module")
def shop(shared_kubectl: Kubectl) -> Kubectl:
    """A namespace with two running pods of different labels, for tests that only read."""
    namespace = f"shop-{shared_kubectl.minor}"
    shared_kubectl("create", "namespace", namespace)
    shop = shared_kubectl.within(namespace)
    run(shop, "web-1", "--labels=app=web,tier=front", "--image-pull-policy=Always")
    run(shop, "db-1", "--labels=app=db", "--port=5432")
    shop("wait", "--for=condition=Ready", "pod", "--all", "--timeout=10s")
    return shop


@pytest.mark.parametrize(
    ("args", "header"),
    [
        (("pods",), POD_COLUMNS),
        (("pods", "-A"), ["NAMESPACE", *POD_COLUMNS]),
        (("pods", "-o", "wide"), [*POD_COLUMNS, "IP", "NODE", "NOMINATED NODE", "READINESS GATES"]),
        (("pods", "--show-labels"), [*POD_COLUMNS, "LABELS"]),
        (("pods", "-L", "app"), [*POD_COLUMNS, "APP"]),
        (("nodes",), ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]),
        (
            ("nodes", "-o", "wide"),
            [
                *("NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE"),
                *("KERNEL-VERSION", "CONTAINER-RUNTIME"),
            ],
        ),
        (("namespaces",), ["NAME", "STATUS", "AGE"]),
        (("serviceaccounts",), ["NAME", "AGE"]),
        (("events",), ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]),
        (
            ("events", "-o", "wide"),
            ["LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"],
        ),
        (("leases", "-n", "kube-node-lease"), ["NAME", "HOLDER", "AGE"]),
        (
            ("services", "-n", "default", "-o", "wide"),
            ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"],
        ),
        (("endpoints", "-n", "default"), ["NAME", "ENDPOINTS", "AGE"]),
        (("endpointslices", "-n", "default"), ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"]),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_each_kind_prints_upstreams_columns(shop: Kubectl, args: tuple[str, ...], header: list[str]) -> None:
    assert cells(shop("get", *args).out)[0] == header


@pytest.mark.parametrize(
    ("args", "printed"),
    [
        (("-o", "name"), "pod/db-1\npod/web-1\n"),
        (("-o", "jsonpath={.items[*].metadata.name}"), "db-1 web-1"),
        (("-o", "jsonpath={range .items[*]}{.metadata.labels.app}={.status.phase}{'\\n'}{end}"), None),
        (("-o", "go-template={{range .items}}{{.metadata.name}},{{end}}"), "db-1,web-1,"),
        (("-o", "custom-columns=N:.metadata.name,P:.spec.containers[*].ports[*].containerPort"), None),
        (("-o", "name", "-l", "app=web"), "pod/web-1\n"),
        (("-o", "name", "-l", "app!=web"), "pod/db-1\n"),
        (("-o", "name", "-l", "app in (web,db),!tier"), "pod/db-1\n"),
        (("-o", "name", "-l", "tier"), "pod/web-1\n"),
        (("-o", "name", "--field-selector", "metadata.name=db-1"), "pod/db-1\n"),
        (("-o", "name", "--field-selector", "status.phase!=Running"), ""),
        (("-o", "name", "--sort-by", "{.metadata.labels.app}"), "pod/db-1\npod/web-1\n"),
        (("-o", "name", "--chunk-size=1"), "pod/db-1\npod/web-1\n"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_output_forms_and_selectors(shop: Kubectl, args: tuple[str, ...], printed: str | None) -> None:
    expected = {
        "jsonpath={range .items[*]}{.metadata.labels.app}={.status.phase}{'\\n'}{end}": "db=Running\nweb=Running\n",
        "custom-columns=N:.metadata.name,P:.spec.containers[*].ports[*].containerPort": (
            "N       P\ndb-1    5432\nweb-1   <none>\n"
        ),
    }
    assert shop("get", "pods", *args).out == (expected[args[1]] if printed is None else printed)


def test_tables_and_objects_agree(shop: Kubectl) -> None:
    rows = {row["NAME"]: row for row in shop("get", "pods", "-o", "wide").table}
    for pod in shop.json("get", "pods")["items"]:
        row = rows[pod["metadata"]["name"]]
        assert (row["IP"], row["NODE"]) == (pod["status"]["podIP"], pod["spec"]["nodeName"])
        assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("1/1", "Running", "0")
    shown = shop("get", "pod", "web-1", "-o", "yaml").out
    assert shown.startswith("apiVersion: v1\nkind: Pod\nmetadata:\n")
    assert shown.count("  - lastProbeTime: null\n    lastTransitionTime: ") == 5


def test_paging_sends_the_whole_list(shared_kubectl: Kubectl) -> None:
    events = [row["NAME"] for row in shared_kubectl("get", "events", "-A", "-o", "wide", "--chunk-size=0").table]
    assert len(events) > 10
    paged = [row["NAME"] for row in shared_kubectl("get", "events", "-A", "-o", "wide", "--chunk-size=3").table]
    assert paged[: len(events)] == events


def test_get_all_prints_the_workloads_and_services(cli: Kubectl) -> None:
    cli("create", "deployment", "shop", "--image=nginx")
    cli("expose", "deployment", "shop", "--port=80")
    cli("rollout", "status", "deployment", "shop", "--timeout=10s")
    tables = [cells(table) for table in cli("get", "all").out.strip().split("\n\n")]
    assert [table[0] for table in tables] == [
        POD_COLUMNS,
        ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
        ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        ["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
    ]
    assert [table[1][0].partition("/")[0] for table in tables] == [
        "pod",
        "service",
        "deployment.apps",
        "replicaset.apps",
    ]
    assert tables[2][1][:4] == ["deployment.apps/shop", "1/1", "1", "1"]
    assert cli("get", "deployment", "shop", "-o", "wide").table[0]["SELECTOR"] == "app=shop"
    assert cells(cli("get", "deployment", "shop", "--subresource=scale").out)[0] == [
        *("NAME", "DESIRED", "AVAILABLE", "AGE")
    ]


def test_a_watch_prints_each_change(cli: Kubectl) -> None:
    with cli.following("get", "configmaps", "--watch", "--output-watch-events") as follow:
        cli("create", "configmap", "seen", "--from-literal=a=1")
        assert follow.line().split() == ["EVENT", "NAME", "DATA", "AGE"]
        assert follow.line().split()[:3] == ["ADDED", "seen", "1"]
        cli("patch", "configmap", "seen", "-p", '{"data":{"b":"2"}}')
        assert follow.line().split()[:3] == ["MODIFIED", "seen", "2"]
        cli("delete", "configmap", "seen")
        assert follow.line().split()[:3] == ["DELETED", "seen", "2"]


def test_a_watched_pod_comes_to_run(cli: Kubectl) -> None:
    run(cli, "first")
    cli("wait", "--for=condition=Ready", "pod/first", "--timeout=10s")
    with cli.following("get", "pods", "--watch", "--no-headers") as follow:
        assert follow.line().startswith("first ")
        run(cli, "second")
        states = [line.split()[2] for line in follow.until(lambda line: "Running" in line)]
    assert (states[0], states[-2:]) == ("Pending", ["ContainerCreating", "Running"])


@pytest.mark.parametrize(
    ("condition", "target", "printed"),
    [
        ("condition=Ready", "pod/web-1", "pod/web-1 condition met\n"),
        ("jsonpath={.status.phase}=Running", "pod/web-1", "pod/web-1 condition met\n"),
        ("jsonpath={.status.podIP}", "pod/db-1", "pod/db-1 condition met\n"),
        ("create", "pod/db-1", "pod/db-1 condition met\n"),
        ("delete", "pod/gone", ""),
    ],
)
def test_waiting_for_what_is_so_ends_at_once(shop: Kubectl, condition: str, target: str, printed: str) -> None:
    assert shop("wait", f"--for={condition}", target, "--timeout=5s").out == printed


def test_waiting_for_what_never_comes_ends_with_the_time(shop: Kubectl) -> None:
    assert shop.refused("wait", "--for=condition=Odd", "pod/web-1", "--timeout=1s") == (
        "error: timed out waiting for the condition on pods/web-1"
    )


def test_waiting_sees_a_creation_and_a_deletion(cli: Kubectl) -> None:
    with cli.following("wait", "--for=create", "configmap/later", "--timeout=10s") as follow:
        cli("create", "configmap", "later")
        assert follow.line() == "configmap/later condition met"
    with cli.following("wait", "--for=delete", "configmap/later", "--timeout=10s") as follow:
        cli("delete", "configmap", "later")
        assert follow.line() in ("configmap/later condition met", "")


def test_a_pods_events_are_the_kubelets_and_the_schedulers(shop: Kubectl) -> None:
    rows = shop("events", "--for", "pod/web-1").table
    reasons = [row["REASON"] for row in rows]
    assert sorted(reasons) == ["Created", "Pulled", "Pulling", "Scheduled", "Started"]
    assert [each for each in reasons if each != "Scheduled"] == ["Pulling", "Pulled", "Created", "Started"]
    assert {row["OBJECT"] for row in rows} == {"Pod/web-1"}
    assert {row["TYPE"] for row in rows} == {"Normal"}
    assert shop("events", "--types=Warning").err.startswith("No events found")


UNFINDABLE = 'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match'
UNPARSED = "unable to parse requirement: found '' expected: '('"
REFUSALS: list[tuple[tuple[str, ...], str]] = [
    (("get", "pod", "nope"), 'Error from server (NotFound): pods "nope" not found'),
    (("get", "deployment", "nope"), 'Error from server (NotFound): deployments.apps "nope" not found'),
    (("get", "nopes"), 'error: the server doesn\'t have a resource type "nopes"'),
    (("get", "statefulsets"), 'error: the server doesn\'t have a resource type "statefulsets"'),
    (
        ("get", "pods", "--field-selector", "foo=bar"),
        f'{UNFINDABLE} label selector "", field selector "foo=bar": field label not supported: foo',
    ),
    (
        ("get", "pods", "-l", "a in"),
        f'{UNFINDABLE} label selector "a in", field selector "": {UNPARSED}',
    ),
    (("get", "--raw", "/nope"), "Error from server (NotFound): the server could not find the requested resource"),
    (
        ("wait", "--for=condition=Ready", "pod/nope", "--timeout=1s"),
        'Error from server (NotFound): pods "nope" not found',
    ),
]


@pytest.mark.parametrize(("args", "said"), REFUSALS, ids=lambda each: " ".join(each) if type(each) is tuple else "")
def test_what_cannot_be_read_is_refused_in_upstreams_words(shop: Kubectl, args: tuple[str, ...], said: str) -> None:
    assert shop.refused(*args) == said


def test_nothing_found_is_said_of_the_namespace(cli: Kubectl) -> None:
    ran = cli("get", "pods")
    assert (ran.out, ran.err) == ("", f"No resources found in {cli.namespace} namespace.\n")
    assert cli("get", "pods", "-A", "-l", "odd=one").err == "No resources found\n"


def test_discovery_names_what_is_served(shared_kubectl: Kubectl) -> None:
    rows = {row["NAME"]: row for row in shared_kubectl("api-resources").table}
    assert rows["pods"] == {
        "NAME": "pods",
        "SHORTNAMES": "po",
        "APIVERSION": "v1",
        "NAMESPACED": "true",
        "KIND": "Pod",
    }
    assert (rows["deployments"]["SHORTNAMES"], rows["deployments"]["APIVERSION"]) == ("deploy", "apps/v1")
    assert rows["namespaces"]["NAMESPACED"] == "false"
    assert {"apps/v1", "discovery.k8s.io/v1", "events.k8s.io/v1", "v1"} <= set(
        shared_kubectl("api-versions").out.split()
    )
    assert shared_kubectl("api-resources", "--categories=all", "-o", "name").out.split() == [
        *("pods", "services", "daemonsets.apps", "deployments.apps", "replicasets.apps")
    ]


def test_the_server_tells_its_version_and_its_health(shared_kubectl: Kubectl) -> None:
    version: dict[str, Any] = json.loads(shared_kubectl("version", "-o", "json").out)["serverVersion"]
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "36", "v1.36.0")
    assert shared_kubectl("cluster-info").out.startswith("Kubernetes control plane is running at http://127.0.0.1:")
    for path in ("healthz", "livez", "readyz"):
        assert shared_kubectl("get", "--raw", f"/{path}").out == "ok"
    assert shared_kubectl("get", "--raw", "/readyz?verbose").out.rstrip().endswith("readyz check passed")


@pytest.mark.parametrize("form", ["plaintext", "plaintext-openapiv2"])
def test_explain_knows_the_fields(shared_kubectl: Kubectl, form: str) -> None:
    explained = shared_kubectl("explain", "pod.spec.nodeName", f"--output={form}").out
    assert re.search(r"^KIND: +Pod$", explained, re.MULTILINE)
    assert re.search(r"^FIELD: +nodeName <string>$", explained, re.MULTILINE)
    assert "replicas\t<integer>" in shared_kubectl("explain", "deployment.spec", f"--output={form}").out
