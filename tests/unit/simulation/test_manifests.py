"""Reading manifests: what files hold, in which order it is made, and where a mistake is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauxkube.simulation.manifests import Manifest, ManifestError, in_order, read_path, read_text

_SEVERAL = b"""# a comment first
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  text: |
    --- indented, so no marker
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}}
- {apiVersion: v1, kind: Secret, metadata: {name: s}}
...
---
apiVersion: v1
kind: PodList
items:
- metadata: {name: q}
--- {apiVersion: v1, kind: Service, metadata: {name: web}}
"""


def _titles(manifests: list[Manifest]) -> list[str]:
    return [each.title for each in manifests]


def test_documents_and_lists_are_taken_apart() -> None:
    found = list(read_text(_SEVERAL, "all.yaml"))
    assert _titles(found) == ["ConfigMap a", "Pod shop/p", "Secret s", "Pod q", "Service web"]
    assert [each.place for each in found] == [
        "all.yaml:1",
        "all.yaml:10",
        "all.yaml:10",
        "all.yaml:17",
        "all.yaml:22",
    ]


def test_json_is_read_too() -> None:
    [found] = read_text(b'\n {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}', "p.json")
    assert (found.title, found.place) == ("Pod p", "p.json:1")


def test_a_folder_is_read_by_path_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/c.yml", "a/d.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{{apiVersion: v1, kind: Pod, metadata: {{name: {Path(name).stem}}}}}")
    assert _titles(read_path(tmp_path)) == ["Pod c", "Pod d", "Pod b"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            b"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\na:\n- [1,\nb: {\n",
            "f:8: did not find expected node",
        ),
        (b"a: 1\nb: 2\na: 3\n", r'f:3: key "a" already set in map'),
        (b"---\nhello\n", "f:1: this is no Kubernetes object but 'hello'"),
        (b"apiVersion: v1\n", "f:1: kind is missing"),
        (b"kind: Pod\n", "f:1: apiVersion is missing"),
        (b"---\nkind: List\napiVersion: v1\nitems: [3]\n", "f:1: this is no Kubernetes object but '3'"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: {labels: {}}\n", "f:1: the Pod has no name"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: []\n", "f:1: the Pod has no name"),
        (b'{"apiVersion": 1\n "kind": 2}', "f:2: did not find expected"),
        (b"\x00", "f:1: "),
    ],
)
def test_a_mistake_is_told_with_its_place(text: bytes, problem: str) -> None:
    with pytest.raises(ManifestError, match=problem):
        list(read_text(text, "f"))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.yaml: No such file"):
        read_path(tmp_path / "gone.yaml")
    with pytest.raises(ManifestError, match=r"no \.yaml, \.yml or \.json file is there"):
        read_path(tmp_path)


def _manifest(kind: str, hook: str = "", weight: str = "") -> Manifest:
    annotations = {"helm.sh/hook": hook, "helm.sh/hook-weight": weight} if hook else {}
    metadata = {"name": (kind + hook + weight).lower(), "annotations": annotations}
    return Manifest({"apiVersion": "v1", "kind": kind, "metadata": metadata}, "")


def test_things_are_made_in_helm_s_order() -> None:
    kinds = ["Widget", "Deployment", "Service", "ConfigMap", "Secret", "ServiceAccount", "Namespace"]
    assert [each.object["kind"] for each in in_order(map(_manifest, kinds))] == [*kinds[:0:-1], "Widget"]


def test_hooks_go_before_and_after_by_their_weight() -> None:
    hooks = [
        _manifest("Pod", "post-install"),
        _manifest("Pod", "pre-install,pre-upgrade", "5"),
        _manifest("Deployment"),
        _manifest("Secret", "pre-install", "-1"),
        _manifest("Pod", "test"),
    ]
    installed = in_order(each for each in hooks if each.is_installed)
    assert [each.hook for each in installed] == ["pre-install", "pre-install,pre-upgrade", "", "post-install"]
