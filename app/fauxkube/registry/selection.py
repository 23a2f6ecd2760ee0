"""Which entries a list or watch is about: label and field selectors, parsed once and matched without decoding."""

from __future__ import annotations

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import selectors, status
from fauxkube.registry.codec import Attributes, decode
from fauxkube.store.model import Entry


class Selection:
    """A resource's entries in a namespace (or in all) that both selectors match."""

    def __init__(
        self, resource: Resource, namespace: str, *, label_selector: str = "", field_selector: str = ""
    ) -> None:
        self._labels = _parse_labels(label_selector)
        self._fields = _parse_fields(resource, field_selector)
        self.resource = resource
        self._custom = resource.form is not None
        self._asked = [name for name, _, _ in self._fields.requirements]
        self.everything = self._labels.empty and self._fields.empty
        self.prefix = self._prefix(namespace)

    def _prefix(self, namespace: str) -> str:
        """The store prefix to read: as narrow as the namespace and an exact `metadata.name` allow."""
        namespace = namespace or (self._fields.exact("metadata.namespace") or "" if self.resource.namespaced else "")
        name = self._fields.exact("metadata.name")
        if name and (namespace or not self.resource.namespaced):
            return self.resource.key(namespace, name)
        return self.resource.key(namespace, "") if namespace else self.resource.prefix

    def matches(self, entry: Entry) -> bool:
        """Whether the selectors match an entry's attributes."""
        if self.everything:
            return True
        attributes: Attributes = entry.attributes
        return self._labels.matches(attributes.labels) and self._fields.matches(self._fields_of(entry))

    def _fields_of(self, entry: Entry) -> dict[str, str]:
        """The entry's selectable fields; worked out anew where it was written before its kind had them."""
        fields: dict[str, str] = entry.attributes.fields
        if self._custom and any(name not in fields for name in self._asked):
            return self.resource.selectable_fields(decode(entry.value))
        return fields


def _parse_labels(text: str) -> selectors.LabelSelector:
    try:
        return selectors.parse_label_selector(text)
    except selectors.SelectorError as error:
        raise status.bad_request(str(error)) from None


def _parse_fields(resource: Resource, text: str) -> selectors.FieldSelector:
    try:
        selector = selectors.parse_field_selector(text)
    except selectors.SelectorError as error:
        raise status.bad_request(str(error)) from None
    known = {"metadata.name", "metadata.namespace", *resource.field_names}
    for name, _, _ in selector.requirements:
        if name not in known:
            raise status.bad_request(_unknown_field(resource, name))
    return selector


def _unknown_field(resource: Resource, name: str) -> str:
    if resource.field_names:
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'
