"""The schemas of Kubernetes' own kinds, and the decoding of objects by them.

`Schemas.of("apps", "v1", "Deployment")` gives the compiled schema of a kind; `decode` checks an object against it in
one walk, as the API server's decoder would: unknown fields pruned and reported, nulls and empty optional lists and
maps dropped, wrong types refused in Go's words, quantities, times and bytes put in the form they are served in.
Definitions are loaded on first use and compiled type by type; one `Schemas` may serve many clusters.
"""

from __future__ import annotations

from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema_nodes import (
    Amount,
    AnyObject,
    AnyValue,
    Boolean,
    Bytes,
    DecodeError,
    Field,
    Integer,
    IntOrText,
    ListOf,
    MapOf,
    MicroTime,
    Node,
    Number,
    SchemaOr,
    Struct,
    Text,
    Time,
)
from fauxkube.machinery.schema_source import Definition, UnknownVersionError, load_compact_definitions, load_definitions

__all__ = ["DecodeError", "Field", "ObjectSchema", "Schemas", "UnknownVersionError", "decode", "decode_metadata"]

ObjectSchema = Struct

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

#: Types with a decoder of their own.
_SPECIAL: dict[str, Node] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": Amount("resource.Quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": IntOrText("intstr.IntOrString"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": AnyValue("runtime.RawExtension"),
    f"{_META}Time": Time("v1.Time"),
    f"{_META}MicroTime": MicroTime("v1.MicroTime"),
    f"{_META}FieldsV1": AnyValue("v1.FieldsV1"),
    f"{_META}Patch": AnyObject("v1.Patch"),
    f"{_EXTENSIONS}JSON": AnyValue("v1.JSON"),
    f"{_EXTENSIONS}JSONSchemaPropsOrStringArray": AnyValue("v1.JSONSchemaPropsOrStringArray"),
}

#: What holds a schema or something else.
_SCHEMA_OR = frozenset((f"{_EXTENSIONS}JSONSchemaPropsOrArray", f"{_EXTENSIONS}JSONSchemaPropsOrBool"))

_TEXT, _BYTES, _BOOLEAN = Text("string"), Bytes("[]uint8"), Boolean("bool")
_INT32, _INT64, _NUMBER = Integer("int32", 32), Integer("int64", 64), Number("float64")
_ANY_OBJECT = AnyObject("map[string]interface {}")

#: String fields whose Go type has a name, which messages use: by struct and field.
_NAMED_TEXT: dict[tuple[str, str], str] = {
    ("Container", "imagePullPolicy"): "v1.PullPolicy",
    ("Container", "terminationMessagePolicy"): "v1.TerminationMessagePolicy",
    ("ContainerPort", "protocol"): "v1.Protocol",
    ("DeploymentStrategy", "type"): "v1.DeploymentStrategyType",
    ("EndpointPort", "protocol"): "v1.Protocol",
    ("HTTPGetAction", "scheme"): "v1.URIScheme",
    ("NamespaceStatus", "phase"): "v1.NamespacePhase",
    ("NodeAddress", "type"): "v1.NodeAddressType",
    ("NodeCondition", "status"): "v1.ConditionStatus",
    ("NodeCondition", "type"): "v1.NodeConditionType",
    ("ObjectMeta", "uid"): "types.UID",
    ("OwnerReference", "uid"): "types.UID",
    ("PodCondition", "status"): "v1.ConditionStatus",
    ("PodCondition", "type"): "v1.PodConditionType",
    ("PodSpec", "dnsPolicy"): "v1.DNSPolicy",
    ("PodSpec", "restartPolicy"): "v1.RestartPolicy",
    ("PodStatus", "phase"): "v1.PodPhase",
    ("Secret", "type"): "v1.SecretType",
    ("ServicePort", "protocol"): "v1.Protocol",
    ("ServiceSpec", "sessionAffinity"): "v1.ServiceAffinity",
    ("ServiceSpec", "type"): "v1.ServiceType",
    ("Taint", "effect"): "v1.TaintEffect",
    ("Toleration", "effect"): "v1.TaintEffect",
    ("Toleration", "operator"): "v1.TolerationOperator",
}


def _type_of(definition: Definition) -> str:
    kind = definition.get("type", "")
    return kind if isinstance(kind, str) else str(next(each for each in kind if each != "null"))


class Schemas:
    """The kinds of one Kubernetes minor version."""

    def __init__(self, kubernetes_version: str = "1.36") -> None:
        self.kubernetes_version = kubernetes_version
        self._definitions: dict[str, Definition] | None = None
        self._by_kind: dict[tuple[str, str, str], str] = {}
        self._structs: dict[str, Struct] = {}

    def of(self, group: str, version: str, kind: str) -> ObjectSchema | None:
        """The schema of a kind; None when this version of Kubernetes has none."""
        definitions = self._load()
        name = self._by_kind.get((group, version, kind))
        return self._struct(name, definitions) if name else None

    def raw_definitions(self) -> dict[str, Definition]:
        """All definitions with their descriptions, read afresh: they are too large to keep."""
        return load_definitions(self.kubernetes_version)

    def _load(self) -> dict[str, Definition]:
        if self._definitions is None:
            self._definitions = load_compact_definitions(self.kubernetes_version)
            for name, definition in self._definitions.items():
                for kind in definition.get("x-kubernetes-group-version-kind", ()):
                    self._by_kind[kind["group"], kind["version"], kind["kind"]] = name
        return self._definitions

    def _struct(self, name: str, definitions: dict[str, Definition]) -> Struct:
        """The compiled type of that name; its definition is let go once it is compiled."""
        if found := self._structs.get(name):
            return found
        definition = definitions.pop(name)
        struct = self._structs[name] = Struct(".".join(name.rsplit(".", 2)[-2:]))
        required = frozenset(definition.get("required", ()))
        struct.fields = {
            field: self._field(struct.name, field, described, required=field in required)
            for field, described in definition.get("properties", {}).items()
        }
        return struct

    def _field(self, owner: str, name: str, described: Definition, *, required: bool) -> Field:
        go_type = _NAMED_TEXT.get((owner, name))
        strategies = tuple(described.get("x-kubernetes-patch-strategy", "").split(","))
        return Field(
            Text(go_type) if go_type else self._node(described),
            required=required,
            strategies=strategies,
            merge_key=described.get("x-kubernetes-patch-merge-key", ""),
        )

    def _node(self, described: Definition) -> Node:
        if reference := described.get("$ref"):
            name = reference.rpartition("/")[2]
            if name in _SCHEMA_OR:
                schema = self._struct(f"{_EXTENSIONS}JSONSchemaProps", self._load())
                return SchemaOr(name.rpartition(".")[2], schema, or_bool=name.endswith("Bool"))
            return _SPECIAL.get(name) or self._struct(name, self._load())
        match _type_of(described):
            case "string":
                return _BYTES if described.get("format") == "byte" else _TEXT
            case "integer":
                return _INT32 if described.get("format") == "int32" else _INT64
            case "boolean":
                return _BOOLEAN
            case "number":
                return _NUMBER
            case "array":
                return ListOf(self._node(described["items"]))
        element = described.get("additionalProperties")
        return MapOf(self._node(element)) if element else _ANY_OBJECT


def decode_metadata(schemas: Schemas, metadata: Object) -> list[str]:
    """Check the metadata of an object whose kind has no schema here, in place, as `decode` does."""
    problems: list[str] = []
    with_metadata = schemas.of("", "v1", "ConfigMap")
    if with_metadata is not None:
        with_metadata.fields["metadata"].node.read(metadata, (None, "metadata", None), problems)
    return problems


def decode(schema: ObjectSchema, obj: Object) -> list[str]:
    """Check an object in place; the strict problems (`unknown field "spec.foo"`), in the object's order.

    The object is changed to what the API server would keep. `DecodeError` when a value is of the wrong type.
    """
    problems: list[str] = []
    try:
        schema.read(obj, None, problems)
    except RecursionError:
        raise DecodeError("exceeded max depth") from None
    return problems
