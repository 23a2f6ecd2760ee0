"""Kubeconfig files: merged without losing anything that was there."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from fauxkube.cluster.kubeconfig import KubeconfigError, default_path, kubeconfig, merge_into, to_yaml

OTHER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "work", "cluster": {"server": "https://work", "certificate-authority-data": "eA=="}}],
    "users": [{"name": "me", "user": {"token": "secret"}}],
    "contexts": [{"name": "work", "context": {"cluster": "work", "user": "me", "namespace": "team"}}],
    "current-context": "work",
    "preferences": {"colors": True},
    "extensions": [{"name": "x", "extension": {"a": 1}}],
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_a_new_file_is_made_with_its_folders_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config"
    merge_into(path, kubeconfig("http://127.0.0.1:1"))
    assert read(path) == kubeconfig("http://127.0.0.1:1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["config"]


@pytest.mark.parametrize("text", ["", "\n# nothing\n"])
def test_an_empty_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    merge_into(path, kubeconfig("http://127.0.0.1:1"))
    assert read(path)["current-context"] == "fauxkube"


def test_what_is_another_s_stays_and_what_is_ours_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(to_yaml(OTHER))
    for port in (1, 2):
        merge_into(path, kubeconfig(f"http://127.0.0.1:{port}"))
    merged = read(path)
    for section in ("clusters", "users", "contexts"):
        assert merged[section][:1] == OTHER[section]
        assert [each["name"] for each in merged[section][1:]] == ["fauxkube"]
    assert merged["clusters"][1]["cluster"]["server"] == "http://127.0.0.1:2"
    assert (merged["current-context"], merged["preferences"]) == ("fauxkube", {"colors": True})
    assert merged["extensions"] == OTHER["extensions"]


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just text"])
def test_a_file_that_is_none_is_refused_and_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError):
        merge_into(path, kubeconfig("http://127.0.0.1:1"))
    assert path.read_text() == text


def test_the_file_that_kubectl_would_change_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", f":{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert default_path() == tmp_path / "one"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".kube" / "config"
