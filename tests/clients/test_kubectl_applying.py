"""`kubectl apply`, `diff`, `edit`, `patch`, `replace`, `label` and `annotate`, with real kubectl."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.kubectl import Kubectl

SHOP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {part-of: shop}}
data: {color: red, size: "2"}
---
apiVersion: v1
kind: Service
metadata: {name: shop, labels: {part-of: shop}}
spec:
  selector: {app: shop}
  ports:
  - {name: http, port: 80}
  - {name: https, port: 443}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {part-of: shop}}
spec:
  replicas: 1
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: web
        image: nginx:1
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
      - {name: cache, image: redis}
"""
LATER_SHOP = (
    re.sub(r"(?m)^  - \{name: https.*\n", "", SHOP).replace(', size: "2"', "").replace('{name: A, value: "1"}, ', "")
)
SETTINGS, *_ = SHOP.split("---\n")


def outcomes(outcome: str, suffix: str = "") -> str:
    names = ("configmap/settings", "service/shop", "deployment.apps/shop")
    return "".join(f"{name} {outcome}{suffix}\n" for name in names)


@pytest.fixture
def applied(cli: Kubectl) -> Kubectl:
    """A namespace with the shop's first documents applied."""
    assert cli("apply", "-f", "-", stdin=SHOP).out == outcomes("created")
    return cli


def test_applying_the_same_changes_nothing(applied: Kubectl) -> None:
    assert applied("apply", "-f", "-", stdin=SHOP).out == outcomes("unchanged")
    assert applied("diff", "-f", "-", stdin=SHOP).out == ""


def test_what_is_left_out_of_the_documents_is_removed(applied: Kubectl) -> None:
    differences = applied("diff", "-f", "-", stdin=LATER_SHOP, ok=False)
    assert differences.code == 1
    removed = [line[1:].strip() for line in differences.out.splitlines() if re.match(r"-[^-]", line)]
    assert {"- name: https", 'size: "2"', "- name: A"} <= set(removed)
    dry = applied("apply", "-f", "-", "--dry-run=server", stdin=LATER_SHOP)
    assert dry.out == outcomes("configured", " (server dry run)")
    assert applied("apply", "-f", "-", stdin=LATER_SHOP).out == outcomes("configured")
    assert applied.json("get", "configmap", "settings")["data"] == {"color": "red"}
    assert [port["name"] for port in applied.json("get", "service", "shop")["spec"]["ports"]] == ["http"]
    web, cache = applied.json("get", "deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert (web["env"], cache["image"]) == ([{"name": "B", "value": "2"}], "redis")


def test_what_others_set_survives_an_apply(applied: Kubectl) -> None:
    applied("scale", "deployment", "shop", "--replicas=3")
    applied("patch", "configmap", "settings", "-p", '{"data":{"others":"yes"}}')
    without_replicas = SHOP.replace("  replicas: 1\n", "").replace("color: red", "color: blue")
    applied("apply", "-f", "-", stdin=without_replicas)
    assert applied.json("get", "configmap", "settings")["data"] == {"color": "blue", "size": "2", "others": "yes"}


def test_the_last_applied_configuration_is_kept_and_shown(applied: Kubectl) -> None:
    annotations = applied.json("get", "configmap", "settings")["metadata"]["annotations"]
    assert json.loads(annotations["kubectl.kubernetes.io/last-applied-configuration"])["data"]["color"] == "red"
    assert "color: red" in applied("apply", "view-last-applied", "configmap", "settings").out


def test_pruning_deletes_what_the_documents_have_no_more(applied: Kubectl) -> None:
    allowed = ("--prune-allowlist=core/v1/ConfigMap", "--prune-allowlist=core/v1/Service")
    printed = applied("apply", "-f", "-", "--prune", "-l", "part-of=shop", *allowed, stdin=SETTINGS).out
    assert printed == "configmap/settings unchanged\nservice/shop pruned\n"


def test_server_side_apply_is_refused_by_name(cli: Kubectl) -> None:
    said = cli.refused("apply", "--server-side", "-f", "-", stdin=SETTINGS)
    assert said.startswith("error: Server-side apply not available on the server")


def test_a_kustomization_is_applied_and_deleted(cli: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "kustomization.yaml").write_text("namePrefix: my-\nresources: [shop.yaml]\n")
    assert cli("apply", "-k", str(tmp_path)).out == outcomes("created").replace("/", "/my-")
    assert "my-shop" in cli("delete", "-k", str(tmp_path)).out
    assert cli("get", "configmaps,services,deployments").out == ""


def test_an_editors_changes_are_written(cli: Kubectl) -> None:
    cli("create", "configmap", "settings", "--from-literal=color=red")
    assert cli.editing("blue", "sed -i 's/color: red/color: blue/' \"$1\"")("edit", "configmap", "settings").out == (
        "configmap/settings edited\n"
    )
    assert cli.json("get", "configmap", "settings")["data"] == {"color": "blue"}
    assert cli.editing("nothing", "true")("edit", "configmap", "settings").err == "Edit cancelled, no changes made.\n"
    spoiling = cli.editing("spoiling", "sed -i 's/  color: blue/  co\\/lor: blue/' \"$1\"")
    said = spoiling.refused("edit", "configmap", "settings")
    assert said.startswith('error: configmaps "settings" is invalid\n')


PATCHES = [
    ("strategic", '{"data":{"size":"2"}}', {"color": "red", "size": "2"}),
    ("strategic", '{"data":{"color":null}}', {}),
    ("merge", '{"data":{"size":"2","color":null}}', {"size": "2"}),
    ("json", '[{"op":"replace","path":"/data/color","value":"blue"}]', {"color": "blue"}),
    ("json", '[{"op":"move","from":"/data/color","path":"/data/hue"}]', {"hue": "red"}),
]


@pytest.mark.parametrize(("kind", "patch", "data"), PATCHES)
def test_each_kind_of_patch_applies(cli: Kubectl, kind: str, patch: str, data: dict[str, str]) -> None:
    cli("create", "configmap", "settings", "--from-literal=color=red")
    assert cli("patch", "configmap", "settings", f"--type={kind}", "-p", patch).out == "configmap/settings patched\n"
    assert cli.json("get", "configmap", "settings").get("data", {}) == data


def test_containers_are_patched_by_name_and_a_patch_may_change_nothing(applied: Kubectl) -> None:
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"cache","image":"redis:7"}]}}}}'
    assert applied("patch", "deployment", "shop", "-p", patch).out == "deployment.apps/shop patched\n"
    assert applied("patch", "deployment", "shop", "-p", patch).out == "deployment.apps/shop patched (no change)\n"
    containers = applied.json("get", "deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert [(each["name"], each["image"]) for each in containers] == [("web", "nginx:1"), ("cache", "redis:7")]


ERROR = "The request is invalid: the server rejected our request due to an error in our request"
BAD = "Error from server (BadRequest)"
CONFLICT = (
    'Error from server (Conflict): Operation cannot be fulfilled on configmaps "settings": the object has been '
    "modified; please apply your changes to the latest version and try again"
)


@pytest.mark.parametrize(
    ("kind", "patch", "said"),
    [
        ("json", '[{"op":"remove","path":"/data/nope"}]', ERROR),
        ("json", '[{"op":"test","path":"/data/color","value":"blue"}]', ERROR),
        (
            "strategic",
            '{"data":{"color":1}}',
            'The request is invalid: patch: Invalid value: "map[data:map[color:1]]": cannot convert int64 to string',
        ),
        (
            "strategic",
            '{"metadata":{"name":"other"}}',
            f"{BAD}: the name of the object (other) does not match the name on the URL (settings)",
        ),
        ("strategic", '{"metadata":{"resourceVersion":"1"}}', CONFLICT),
        ("strategic", '["a"]', f"{BAD}: json: cannot unmarshal array into Go value of type map[string]interface {{}}"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(cli: Kubectl, kind: str, patch: str, said: str) -> None:
    cli("create", "configmap", "settings", "--from-literal=color=red")
    assert cli.refused("patch", "configmap", "settings", f"--type={kind}", "-p", patch) == said


def test_an_unknown_field_in_a_patch_is_warned_of(cli: Kubectl) -> None:
    cli("create", "configmap", "settings")
    assert cli("patch", "configmap", "settings", "-p", '{"odd":1}').err == 'Warning: unknown field "odd"\n'


def test_labels_are_added_changed_and_removed(cli: Kubectl) -> None:
    cli("create", "configmap", "settings")
    label = ("label", "configmap", "settings")
    assert cli(*label, "a=1").out == "configmap/settings labeled\n"
    assert cli(*label, "a=1").out == "configmap/settings not labeled\n"
    assert cli.refused(*label, "a=2") == "error: 'a' already has a value (1), and --overwrite is false"
    cli(*label, "a=2", "--overwrite")
    assert cli(*label, "--list").out == "a=2\n"
    assert cli.refused(*label, "a=3", "--overwrite", "--resource-version=1") == CONFLICT
    assert cli(*label, "a-").out == "configmap/settings unlabeled\n"
    assert cli("label", "configmaps", "--all", "b=1").out == "configmap/settings labeled\n"
    assert cli.refused(*label, "b c=1").startswith(
        'The ConfigMap "settings" is invalid: metadata.labels: Invalid value: "b c": name part must consist of'
    )


def test_annotations_are_added_changed_and_removed(cli: Kubectl) -> None:
    cli("create", "configmap", "settings")
    annotate = ("annotate", "configmap", "settings")
    assert cli(*annotate, "note=one two").out == "configmap/settings annotated\n"
    assert cli.refused(*annotate, "note=three").startswith("error: --overwrite is false but found the following")
    cli(*annotate, "note=three", "--overwrite")
    assert cli.json("get", "configmap", "settings")["metadata"]["annotations"] == {"note": "three"}
    cli(*annotate, "note-")
    assert "annotations" not in cli.json("get", "configmap", "settings")["metadata"]


def test_an_object_is_replaced_only_at_its_newest_version(cli: Kubectl) -> None:
    cli("create", "configmap", "settings", "--from-literal=color=red")
    read = cli.json("get", "configmap", "settings")
    changed = json.dumps(read | {"data": {"color": "blue"}})
    assert cli("replace", "-f", "-", stdin=changed).out == "configmap/settings replaced\n"
    assert cli.refused("replace", "-f", "-", stdin=changed).endswith(CONFLICT.partition("Operation")[2])
    for name in ("uid", "resourceVersion"):
        del read["metadata"][name]
    assert cli("replace", "-f", "-", stdin=json.dumps(read)).out == "configmap/settings replaced\n"
    before = cli.json("get", "configmap", "settings")["metadata"]["uid"]
    cli("replace", "--force", "-f", "-", stdin=json.dumps(read))
    assert cli.json("get", "configmap", "settings")["metadata"]["uid"] != before
    read["metadata"]["name"] = "nope"
    assert cli.refused("replace", "-f", "-", stdin=json.dumps(read)).endswith('configmaps "nope" not found')
