"""What the API server warns of in a pod or a template that it accepts nevertheless (`pkg/api/pod/warnings.go`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fauxkube.machinery import names, quantity
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object, name_of

#: Node labels that have a better name by now.
_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_OLD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_WHOLE_BYTES = ("memory", "ephemeral-storage")
_CONTAINER_KINDS = ("initContainers", "containers", "ephemeralContainers")


def pod_warnings(pod: Object) -> list[str]:
    """The warnings for a new pod."""
    problems = names.dns_label_problems(name_of(pod))
    warnings = []
    if problems:
        warnings.append(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(problems)}]"
        )
    return warnings + list(_spec_warnings(pod["spec"], Path("spec")))


def pod_template_warnings(template: Object, path: Path) -> list[str]:
    """The warnings for a pod template at `path`."""
    return list(_spec_warnings(template.get("spec") or {}, path.child("spec")))


def _spec_warnings(spec: Object, path: Path) -> Iterator[str]:
    yield from _label_warnings(spec, path)
    for index, volume in enumerate(spec.get("volumes") or ()):
        for name in sorted(volume.keys() & _OLD_VOLUMES.keys()):
            yield f"{path.child('volumes').index(index).child(name)}: {_OLD_VOLUMES[name]}"
    yield from _duplicate_warnings(spec.get("hostAliases") or (), "ip", path.child("hostAliases"))
    yield from _duplicate_warnings(spec.get("imagePullSecrets") or (), "name", path.child("imagePullSecrets"))
    for index, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            yield f'{path.child("imagePullSecrets").index(index).child("name")}: invalid empty name ""'
    yield from _fraction_warnings(spec.get("overhead") or {}, path.child("overhead"))
    for container, at in _containers(spec, path):
        resources = container.get("resources") or {}
        for field in ("limits", "requests"):
            yield from _fraction_warnings(resources.get(field) or {}, at.child("resources", field))
        yield from _env_warnings(container.get("env") or (), at.child("env"))
    yield from _port_warnings(spec, path)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        at = path.child("terminationGracePeriodSeconds")
        yield f"{at}: must be >= 0; negative values are invalid and will be treated as 1"


def _containers(spec: Object, path: Path) -> Iterator[tuple[Object, Path]]:
    for kind in _CONTAINER_KINDS:
        for index, container in enumerate(spec.get(kind) or ()):
            yield container, path.child(kind).index(index)


def _label_warnings(spec: Object, path: Path) -> Iterator[str]:
    for key in sorted((spec.get("nodeSelector") or {}).keys() & _OLD_LABELS.keys()):
        yield f"{path.child('nodeSelector').key(key)}: {_deprecated(key)}"
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at, key = path.child("topologySpreadConstraints").index(index), constraint.get("topologyKey")
        if key in _OLD_LABELS:
            yield f"{at.child('topologyKey')}: {key} is {_deprecated(key)}"
        if constraint.get("labelSelector") is None:
            yield f"{at.child('labelSelector')}: a null labelSelector results in matching no pod"


def _deprecated(key: str) -> str:
    since, instead = _OLD_LABELS[key]
    return f'deprecated since {since}; use "{instead}" instead'


def _duplicate_warnings(items: Sequence[Object], field: str, path: Path) -> Iterator[str]:
    seen = set()
    for index, item in enumerate(items):
        value = item.get(field) or ""
        if value in seen:
            yield f'{path.index(index).child(field)}: duplicate {field} "{value}"'
        seen.add(value)


def _fraction_warnings(amounts: Object, path: Path) -> Iterator[str]:
    for name in _WHOLE_BYTES:
        if name in amounts and quantity.parse(amounts[name]).denominator != 1:
            yield f'{path.key(name)}: fractional byte value "{amounts[name]}" is invalid, must be an integer'


def _env_warnings(variables: Iterable[Object], path: Path) -> Iterator[str]:
    """A name given twice is only right where the second value is built on the first."""
    seen = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        if name in seen and (variable.get("valueFrom") is not None or value == reference or reference not in value):
            yield f'{path.index(index)}: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _port_warnings(spec: Object, path: Path) -> Iterator[str]:
    seen: dict[tuple[object, object], list[tuple[Object, Path]]] = {}
    for container, at in _containers(spec, path):
        for index, port in enumerate(container.get("ports") or ()):
            here = at.child("ports").index(index)
            others = seen.setdefault((port.get("containerPort"), port.get("protocol")), [])
            for other, place in others:
                if (word := _clash(port, other)) is not None:
                    yield f"{here}: {word} port definition with {place}"
            others.append((port, here))


def _clash(port: Object, other: Object) -> str | None:
    """`duplicate` or `overlapping`, of two definitions of one container port; None when both can hold."""
    address, other_address = port.get("hostIP") or "", other.get("hostIP") or ""
    number, other_number = port.get("hostPort") or 0, other.get("hostPort") or 0
    if (address, number) == (other_address, other_number):
        return "duplicate"
    if not number or not other_number or (number == other_number and "" in {address, other_address}):
        return "overlapping"
    return None
