"""Roles and bindings: what is filled in, what is refused, what is fixed, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.rbac import cluster_role, cluster_role_binding, role, role_binding
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
GROUP = "rbac.authorization.k8s.io"
READ: Object = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
URLS: Object = {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}
ROLE: Object = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "reader"}


def made(resource: Resource, **fields: Any) -> Object:
    obj: Object = {"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}, **fields}
    resource.strategy.default(obj)
    return obj


def problems(resource: Resource, **fields: Any) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in resource.strategy.validate(made(resource, **fields))]


def binding(resource: Resource, *subjects: Object, **role: str) -> list[tuple[str, str]]:
    return problems(resource, roleRef={**ROLE, **role}, subjects=[dict(each) for each in subjects])


def test_right_roles_are_taken_with_any_name_that_fits_in_a_path() -> None:
    assert problems(role.RESOURCE, rules=[READ, {**READ, "resourceNames": ["a"]}]) == []
    assert problems(cluster_role.RESOURCE, rules=[READ, URLS]) == []
    assert role.RESOURCE.strategy.validate_name("system:a.b_C") == []
    assert role.RESOURCE.strategy.validate_name("a/b") == ["may not contain '/'"]
    assert made(role.RESOURCE)["rules"] is None


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            {},
            [
                ("verbs", "Required value: verbs must contain at least one value"),
                ("apiGroups", "Required value: resource rules must supply at least one api group"),
                ("resources", "Required value: resource rules must supply at least one resource"),
            ],
        ),
        (
            {**READ, "resources": ["pods", "nodes"], "resourceNames": ["a"]},
            [("resourceNames", "Required value: resource names cannot apply to multiple resources")],
        ),
        (
            {**READ, **URLS},
            [
                (
                    "nonResourceURLs",
                    'Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
                )
            ],
        ),
    ],
)
def test_rules_are_judged_in_upstreams_words(rule: Object, expected: list[tuple[str, str]]) -> None:
    named = [(f"rules[0].{field}", message) for field, message in expected]
    assert problems(cluster_role.RESOURCE, rules=[rule]) == named


def test_a_namespace_s_role_is_about_no_urls() -> None:
    assert problems(role.RESOURCE, rules=[URLS]) == [
        ("rules[0].nonResourceURLs", 'Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs')
    ]


def test_an_aggregation_rule_has_selectors_that_can_be_read() -> None:
    assert problems(cluster_role.RESOURCE, aggregationRule={}) == [
        (
            "aggregationRule.clusterRoleSelectors",
            "Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
    ]
    wrong = {"clusterRoleSelectors": [{"matchLabels": {"a b": "c"}}]}
    ((field, _),) = problems(cluster_role.RESOURCE, aggregationRule=wrong)
    assert field == "aggregationRule.clusterRoleSelectors[0].matchLabels"


def test_groups_of_roles_and_subjects_are_filled_in() -> None:
    subjects = [{"kind": kind, "name": "a"} for kind in ("User", "Group", "ServiceAccount")]
    obj = made(role_binding.RESOURCE, roleRef={"kind": "Role", "name": "r"}, subjects=subjects)
    assert obj["roleRef"]["apiGroup"] == GROUP
    assert [each.get("apiGroup") for each in obj["subjects"]] == [GROUP, GROUP, None]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"kind": "User", "name": "jane"}, []),
        ({"kind": "ServiceAccount", "name": "robot", "namespace": "default"}, []),
        ({"kind": "ServiceAccount", "name": "robot"}, [("namespace", "Required value")]),
        (
            {"kind": "ServiceAccount", "name": "robot", "namespace": "default", "apiGroup": "v1"},
            [("apiGroup", 'Unsupported value: "v1": supported values: ""')],
        ),
        (
            {"kind": "User", "name": "", "apiGroup": "v1"},
            [
                ("name", "Required value"),
                ("name", 'Invalid value: "": user name cannot be empty'),
                ("apiGroup", f'Unsupported value: "v1": supported values: "{GROUP}"'),
            ],
        ),
        (
            {"kind": "Robot", "name": "r"},
            [("kind", 'Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"')],
        ),
    ],
)
def test_subjects_are_judged_in_upstreams_words(subject: Object, expected: list[tuple[str, str]]) -> None:
    named = [(f"subjects[0].{field}", message) for field, message in expected]
    assert binding(cluster_role_binding.RESOURCE, subject) == named


def test_a_service_account_without_a_namespace_is_of_its_binding_s() -> None:
    assert binding(role_binding.RESOURCE, {"kind": "ServiceAccount", "name": "robot"}) == []


def test_a_cluster_role_binding_binds_no_namespace_s_role() -> None:
    assert binding(role_binding.RESOURCE, kind="Role") == []
    assert binding(cluster_role_binding.RESOURCE, kind="Role", apiGroup="v1", name="") == [
        ("roleRef.apiGroup", f'Unsupported value: "v1": supported values: "{GROUP}"'),
        ("roleRef.kind", 'Unsupported value: "Role": supported values: "ClusterRole"'),
        ("roleRef.name", "Required value"),
    ]


def test_what_is_bound_is_fixed() -> None:
    old, new = (made(role_binding.RESOURCE, roleRef={**ROLE, "name": name}) for name in ("a", "b"))
    (error,) = role_binding.RESOURCE.strategy.validate_update(new, old)
    assert (error.field, error.message.rpartition(": ")[2]) == ("roleRef", "cannot change roleRef")
    assert role_binding.RESOURCE.strategy.validate_update(old, old) == []


def test_the_table_shows_the_role_and_who_has_it() -> None:
    subjects = [
        {"kind": "User", "name": "jane"},
        {"kind": "User", "name": "joe"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "default"},
    ]
    row = cluster_role_binding.RESOURCE.row
    assert row is not None
    assert row(made(cluster_role_binding.RESOURCE, roleRef=ROLE, subjects=subjects), NOW) == [
        "x",
        "ClusterRole/reader",
        "60s",
        "jane, joe",
        "",
        "default/robot",
    ]
