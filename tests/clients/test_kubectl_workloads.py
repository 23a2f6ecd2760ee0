"""Real kubectl on what runs: `create`, `run`, `set`, `scale`, `rollout`, `expose`, `delete`."""

from __future__ import annotations

import json

import pytest

from support.kubectl import Kubectl
from support.waiting import until


def deployed(cli: Kubectl, *args: str) -> None:
    cli("create", "deployment", "shop", "--image=nginx:1", *args)
    rolled_out(cli)


def rolled_out(cli: Kubectl, target: str = "deployment/shop") -> None:
    assert "successfully rolled out" in cli("rollout", "status", target, "--timeout=20s").out


def image(cli: Kubectl) -> str:
    return cli("get", "deployment", "shop", "-o", "jsonpath={.spec.template.spec.containers[0].image}").out


CREATED = [
    (("configmap", "settings", "--from-literal=a=1"), "configmap/settings created"),
    (("secret", "generic", "password", "--from-literal=a=1"), "secret/password created"),
    (("secret", "docker-registry", "pull", "--docker-username=a", "--docker-password=b"), "secret/pull created"),
    (("serviceaccount", "robot"), "serviceaccount/robot created"),
    (("deployment", "shop", "--image=nginx", "--port=80"), "deployment.apps/shop created"),
    (("service", "clusterip", "plain", "--tcp=80:8080"), "service/plain created"),
    (("service", "clusterip", "headless", "--clusterip=None", "--tcp=80"), "service/headless created"),
    (("service", "nodeport", "outside", "--tcp=80"), "service/outside created"),
    (("service", "loadbalancer", "public", "--tcp=80"), "service/public created"),
    (("service", "externalname", "elsewhere", "--external-name=example.com"), "service/elsewhere created"),
]


@pytest.mark.parametrize(("args", "printed"), CREATED, ids=[" ".join(args[:2]) for args, _ in CREATED])
def test_each_kind_is_created_and_then_there_already(cli: Kubectl, args: tuple[str, ...], printed: str) -> None:
    assert cli("create", *args, "--dry-run=server").out == f"{printed} (server dry run)\n"
    assert cli("create", *args).out == f"{printed}\n"
    name = printed.partition("/")[2].removesuffix(" created")
    assert cli.refused("create", *args).endswith(f'"{name}" already exists')


def test_services_have_the_addresses_of_their_type(cli: Kubectl) -> None:
    for args, _ in CREATED[5:]:
        cli("create", *args)
    until(lambda: "203.0.113." in cli("get", "service", "public").out)
    rows = {row["NAME"]: row for row in cli("get", "services").table}
    assert (rows["headless"]["CLUSTER-IP"], rows["elsewhere"]["CLUSTER-IP"]) == ("None", "<none>")
    assert rows["elsewhere"]["EXTERNAL-IP"] == "example.com"
    assert rows["outside"]["PORT(S)"].startswith("80:3")
    assert rows["public"]["EXTERNAL-IP"].startswith("203.0.113.")
    assert rows["plain"]["EXTERNAL-IP"] == "<none>"


def test_a_pod_is_run_with_all_that_is_asked_for(cli: Kubectl) -> None:
    printed = cli(
        *("run", "web", "--image=nginx", "--port=80", "--expose", "--env=A=1", "--labels=app=web"),
        *("--annotations=note=x", "--restart=Never", '--overrides={"spec":{"nodeName":"node-2"}}'),
        *("--command", "--", "nginx", "-g", "daemon off;"),
    ).out
    assert sorted(printed.splitlines()) == ["pod/web created", "service/web created"]
    pod = cli.json("get", "pod", "web")
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["nginx", "-g", "daemon off;"]
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert (pod["spec"]["restartPolicy"], pod["spec"]["nodeName"]) == ("Never", "node-2")
    assert (pod["metadata"]["labels"], pod["metadata"]["annotations"]) == ({"app": "web"}, {"note": "x"})
    assert cli.json("get", "service", "web")["spec"]["selector"] == {"app": "web"}
    assert cli("run", "dry", "--image=nginx", "--dry-run=server").out == "pod/dry created (server dry run)\n"
    assert cli.refused("get", "pod", "dry") == 'Error from server (NotFound): pods "dry" not found'


def test_templates_are_set_and_rolled_out(cli: Kubectl) -> None:
    deployed(cli)
    assert cli("set", "image", "deployment/shop", "nginx=nginx:2").out == "deployment.apps/shop image updated\n"
    assert cli("set", "env", "deployment/shop", "A=1", "B=2").out == "deployment.apps/shop env updated\n"
    cli("set", "env", "deployment/shop", "A-")
    assert cli("set", "env", "deployment/shop", "--list").out == "# Deployment shop, container nginx\nB=2\n"
    cli("set", "resources", "deployment/shop", "--limits=cpu=200m", "--requests=cpu=100m")
    cli("set", "serviceaccount", "deployment/shop", "default")
    spec = cli.json("get", "deployment", "shop")["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}
    assert (spec["containers"][0]["image"], spec["serviceAccountName"]) == ("nginx:2", "default")
    rolled_out(cli)


def test_a_services_selector_is_set(cli: Kubectl) -> None:
    cli("create", "service", "clusterip", "plain", "--tcp=80")
    assert cli("set", "selector", "service/plain", "a=b").out == "service/plain selector updated\n"
    assert cli.json("get", "service", "plain")["spec"]["selector"] == {"a": "b"}


def test_rollouts_have_a_history_that_they_go_back_in(cli: Kubectl) -> None:
    deployed(cli)
    cli("set", "image", "deployment/shop", "nginx=nginx:2")
    rolled_out(cli)
    history = cli("rollout", "history", "deployment/shop").out.splitlines()
    assert history[:2] == ["deployment.apps/shop ", "REVISION  CHANGE-CAUSE"]
    assert [line.split()[0] for line in history[2:] if line] == ["1", "2"]
    assert "nginx:1" in cli("rollout", "history", "deployment/shop", "--revision=1").out
    assert cli("rollout", "undo", "deployment/shop").out == "deployment.apps/shop rolled back\n"
    assert image(cli) == "nginx:1"
    rolled_out(cli)
    assert cli("rollout", "undo", "deployment/shop", "--to-revision=2").out == "deployment.apps/shop rolled back\n"
    assert image(cli) == "nginx:2"
    assert cli.refused("rollout", "undo", "deployment/shop", "--to-revision=9") == (
        "error: unable to find specified revision 9 in history"
    )


def test_a_paused_rollout_waits_until_it_is_resumed(cli: Kubectl) -> None:
    deployed(cli)
    cli("set", "image", "deployment/shop", "nginx=nginx:1.1")
    rolled_out(cli)
    assert cli("rollout", "pause", "deployment/shop").out == "deployment.apps/shop paused\n"
    assert cli.refused("rollout", "pause", "deployment/shop") == 'error: deployments.apps "shop" is already paused'
    cli("set", "image", "deployment/shop", "nginx=nginx:2")
    assert cli.refused("rollout", "undo", "deployment/shop").startswith(
        "error: you cannot rollback a paused deployment; resume it first"
    )
    status = cli("rollout", "status", "deployment/shop", "--timeout=1s", ok=False)
    assert status.out.startswith('Waiting for deployment "shop" rollout to finish: 0 out of 1 new replicas')
    assert cli("rollout", "resume", "deployment/shop").out == "deployment.apps/shop resumed\n"
    rolled_out(cli)
    assert image(cli) == "nginx:2"


def test_a_restart_replaces_the_pods(cli: Kubectl) -> None:
    deployed(cli)
    before = cli("get", "pods", "-o", "name").out
    assert cli("rollout", "restart", "deployment/shop").out == "deployment.apps/shop restarted\n"
    rolled_out(cli)
    until(lambda: cli("get", "pods", "-o", "name").out.count("pod/") == 1)
    assert cli("get", "pods", "-o", "name").out != before


def test_workloads_are_scaled_only_from_where_they_are(cli: Kubectl) -> None:
    deployed(cli)
    assert cli("scale", "deployment/shop", "--replicas=3").out == "deployment.apps/shop scaled\n"
    assert cli.refused("scale", "deployment/shop", "--replicas=4", "--current-replicas=9") == (
        "error: Expected replicas to be 9, was 3"
    )
    cli("scale", "deployment/shop", "--replicas=2", "--current-replicas=3")
    rolled_out(cli)
    until(lambda: cli("get", "pods", "-o", "name").out.count("pod/") == 2)
    assert cli.refused("scale", "deployment/nope", "--replicas=1").endswith('deployments.apps "nope" not found')


def test_what_runs_is_exposed(cli: Kubectl) -> None:
    deployed(cli, "--port=80")
    cli("run", "web", "--image=nginx", "--port=8080")
    assert cli("expose", "deployment", "shop", "--name=inner").out == "service/inner exposed\n"
    cli("expose", "deployment", "shop", "--name=outer", "--port=80", "--target-port=8080", "--type=NodePort")
    cli("expose", "pod", "web", "--port=80", "--name=single")
    cli("expose", "service", "inner", "--port=81", "--name=again")
    services = {each["metadata"]["name"]: each["spec"] for each in cli.json("get", "services")["items"]}
    assert services["inner"]["selector"] == services["again"]["selector"] == {"app": "shop"}
    assert services["outer"]["ports"][0]["targetPort"] == 8080
    assert services["single"]["selector"] == {"run": "web"}


DAEMON_SET = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "agent"},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": [{"name": "agent", "image": "agent:1"}]},
        },
    },
}


def test_a_daemon_set_runs_on_every_node_and_is_rolled_out(cli: Kubectl) -> None:
    cli("create", "-f", "-", stdin=json.dumps(DAEMON_SET))
    rolled_out(cli, "daemonset/agent")
    (row,) = cli("get", "daemonset", "agent", "-o", "wide").table
    assert [row[name] for name in ("DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE")] == ["3"] * 5
    cli("set", "image", "daemonset/agent", "agent=agent:2")
    rolled_out(cli, "daemonset/agent")
    assert cli("rollout", "undo", "daemonset/agent").out == "daemonset.apps/agent rolled back\n"
    rolled_out(cli, "daemonset/agent")
    pods = cli.json("get", "pods", "-l", "app=agent")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-1", "node-2", "node-3"}
    assert cli.refused("rollout", "pause", "daemonset/agent") == (
        'error: daemonsets.apps "agent" pausing is not supported'
    )


@pytest.mark.parametrize(
    "args",
    [("pod", "web"), ("pods", "-l", "run=web"), ("pods", "--all"), ("pod", "web", "--now"), ("pod/web",)],
    ids=" ".join,
)
def test_pods_are_deleted_and_waited_for(cli: Kubectl, args: tuple[str, ...]) -> None:
    cli("run", "web", "--image=nginx")
    assert cli("delete", *args).out.startswith('pod "web" deleted')
    assert cli.refused("get", "pod", "web").endswith('pods "web" not found')


def test_a_pod_is_deleted_by_force_or_without_waiting(cli: Kubectl) -> None:
    cli("run", "web", "--image=nginx")
    ran = cli("delete", "pod", "web", "--force", "--grace-period=0")
    assert ran.out.startswith('pod "web" force deleted')
    assert ran.err.startswith("Warning: Immediate deletion does not wait for confirmation")
    cli("run", "web", "--image=nginx")
    cli("delete", "pod", "web", "--wait=false")
    assert cli("wait", "--for=delete", "pod/web", "--timeout=10s").code == 0
    assert cli("delete", "pod", "web", "--ignore-not-found").out == ""
    assert cli.refused("delete", "pod", "web") == 'Error from server (NotFound): pods "web" not found'


def test_dependents_are_orphaned_or_deleted_as_asked(cli: Kubectl) -> None:
    deployed(cli)
    cli("delete", "deployment", "shop", "--cascade=orphan")
    (replica_set,) = cli.json("get", "replicasets")["items"]
    assert "ownerReferences" not in replica_set["metadata"]
    cli("delete", "replicasets", "--all", "--cascade=foreground")
    assert cli("get", "replicasets,pods").out == ""
    deployed(cli)
    cli("delete", "deployment", "shop", "--cascade=background")
    until(lambda: cli("get", "replicasets,pods").out == "")


def test_a_namespace_goes_with_all_that_is_in_it(cli: Kubectl) -> None:
    deployed(cli)
    cli("expose", "deployment", "shop", "--port=80")
    cli("create", "configmap", "settings")
    assert cli("delete", "namespace", cli.namespace).out == f'namespace "{cli.namespace}" deleted\n'
    assert cli.refused("get", "namespace", cli.namespace).endswith("not found")
    assert cli("get", "pods,services,configmaps,deployments").out == ""


def test_the_clusters_own_namespaces_stay(cli: Kubectl) -> None:
    for namespace in ("default", "kube-system", "kube-public"):
        said = f'(Forbidden): namespaces "{namespace}" is forbidden: this namespace may not be deleted'
        assert cli.refused("delete", "namespace", namespace).endswith(said)
