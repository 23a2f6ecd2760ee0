"""A deployment's replica sets as its revisions: which one is new, what it is called, which old ones may go.

The new replica set is the oldest one whose pod template equals the deployment's, apart from the label that tells the
replica sets' pods apart. Revisions are numbered by annotation, as `kubectl rollout history` reads them. Mirrors
upstream's `deployment/util` and `getNewReplicaSet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fauxkube.controllers.controller_refs import controller_ref
from fauxkube.controllers.deployment_strategy import max_surge, replicas_of
from fauxkube.kinds.core.pod_status import hash_name
from fauxkube.kinds.gvrs import DEPLOYMENTS, REPLICA_SETS
from fauxkube.machinery.objects import Labels, Object, is_terminating, name_of, namespace_of

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

#: The deployment's annotations that are its own and not its replica sets'.
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
    }
)
#: The most characters that the list of earlier revisions may have.
_HISTORY_LENGTH = 2000


def annotations_of(obj: Object) -> Labels:
    """The object's annotations; an empty dictionary when it has none."""
    return obj["metadata"].get("annotations") or {}


def revision_of(obj: Object) -> int:
    """The revision that a deployment or a replica set is marked with; 0 when it is not."""
    return _number(annotations_of(obj).get(REVISION, ""))


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def oldest_first(replica_sets: Iterable[Object]) -> list[Object]:
    """By age, and by name where the age is the same."""
    return sorted(replica_sets, key=lambda each: (each["metadata"].get("creationTimestamp", ""), name_of(each)))


def active(replica_sets: Iterable[Object]) -> list[Object]:
    """Those that should have pods."""
    return [each for each in replica_sets if replicas_of(each) > 0]


def split(deployment: Object, replica_sets: Iterable[Object]) -> tuple[Object | None, list[Object]]:
    """The new replica set, if there is one, and the old ones, the oldest first."""
    ordered = oldest_first(replica_sets)
    template = _comparable(deployment["spec"]["template"])
    new = next((each for each in ordered if _comparable(each["spec"]["template"]) == template), None)
    return new, [each for each in ordered if each is not new]


def has_same_template(deployment: Object, replica_set: Object) -> bool:
    """Whether the replica set makes the pods that the deployment asks for now."""
    return _comparable(deployment["spec"]["template"]) == _comparable(replica_set["spec"]["template"])


def _comparable(template: Object) -> tuple[Object, Object]:
    metadata = {name: value for name, value in template.get("metadata", {}).items() if value}
    labels = {name: value for name, value in metadata.pop("labels", {}).items() if name != HASH_LABEL}
    return metadata | {"labels": labels}, template["spec"]


def next_revision(old: Iterable[Object]) -> int:
    """The revision of the new replica set: one above all old ones."""
    return max((revision_of(each) for each in old), default=0) + 1


def new_replica_set(deployment: Object, *, revision: int, replicas: int) -> Object:
    """The replica set to create for the deployment's present template; its name tells the template's hash."""
    spec = deployment["spec"]
    template = spec["template"]
    hashed = hash_name(template, deployment.get("status", {}).get("collisionCount", 0))
    metadata = template.get("metadata", {})
    labels = {**(metadata.get("labels") or {}), HASH_LABEL: hashed}
    selector = spec["selector"]
    replica_set_spec = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: hashed}},
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    if spec.get("minReadySeconds"):
        replica_set_spec["minReadySeconds"] = spec["minReadySeconds"]
    annotations = revised_annotations(deployment, {}, revision) | size_annotations(deployment)
    return {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{hashed}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_ref(deployment, DEPLOYMENTS, "Deployment")],
        },
        "spec": replica_set_spec,
    }


def revised_annotations(deployment: Object, present: Mapping[str, str], revision: int) -> Labels:
    """The new replica set's annotations, from those it has: the deployment's copied, the revision raised."""
    annotations = dict(present)
    annotations |= {name: value for name, value in annotations_of(deployment).items() if name not in _NOT_COPIED}
    before = present.get(REVISION, "")
    if revision > _number(before):
        annotations[REVISION] = str(revision)
        if before:
            annotations[REVISION_HISTORY] = _with_revision(present.get(REVISION_HISTORY, ""), before)
    return annotations


def _with_revision(history: str, revision: str) -> str:
    revisions = [*filter(None, history.split(",")), revision]
    while len(revisions) > 1 and len(",".join(revisions)) > _HISTORY_LENGTH:
        revisions.pop(0)
    return ",".join(revisions)


def size_annotations(deployment: Object) -> Labels:
    """What a replica set is told of the deployment's size when it is scaled; a later change of it shows by this."""
    replicas = replicas_of(deployment)
    return {DESIRED_REPLICAS: str(replicas), MAX_REPLICAS: str(replicas + max_surge(deployment))}


def annotated_size(replica_set: Object, name: str) -> int | None:
    """A size noted on a replica set; None when it is not there or no number."""
    text = annotations_of(replica_set).get(name, "")
    return int(text) if text.isdecimal() else None


def expendable(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """The old replica sets beyond the revision history limit that are empty and settled, the first revisions first."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    kept = [each for each in old if not is_terminating(each)]
    surplus = sorted(kept, key=revision_of)[: max(0, len(kept) - limit)]
    return [each for each in surplus if _is_empty_and_settled(each)]


def _is_empty_and_settled(replica_set: Object) -> bool:
    status = replica_set.get("status", {})
    observed = status.get("observedGeneration", 0) >= replica_set["metadata"].get("generation", 0)
    return observed and not replicas_of(replica_set) and not status.get("replicas", 0)
