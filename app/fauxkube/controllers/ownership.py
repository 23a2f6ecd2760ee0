"""From an object that changed to the keys of the owners it concerns.

The way back of `controller_refs`: a change concerns the controllers named before and after it, and when the object has
no controller, every owner whose selector matches, for one of them may adopt it.
"""

from __future__ import annotations

from fauxkube.client.indexes import in_namespace, index_by_namespace
from fauxkube.client.informer import Informer
from fauxkube.kinds.core.pod_status import controller_of
from fauxkube.machinery.objects import Object, is_terminating, key_of, labels_of, namespace_of
from fauxkube.machinery.selectors import label_selector_from


class Ownership:
    """Finds, for objects of some kind, their owners among those of one informer."""

    def __init__(self, owners: Informer, owner_kind: str) -> None:
        self._owners = owners
        self._kind = owner_kind
        index_by_namespace(owners)

    def owner_key(self, obj: Object | None) -> str | None:
        """The key of the object's controller, when that is one of these owners and still the same one."""
        reference = controller_of(obj) if obj else None
        if obj is None or reference is None or reference["kind"] != self._kind:
            return None
        key = f"{namespace_of(obj)}/{reference['name']}"
        owner = self._owners.get(key)
        return key if owner and owner["metadata"]["uid"] == reference["uid"] else None

    def concerned(self, old: Object | None, new: Object | None) -> list[str]:
        """The keys of the owners that should look at this change, in order."""
        keys = {key for key in (self.owner_key(old), self.owner_key(new)) if key}
        if new is not None and controller_of(new) is None and not is_terminating(new) and _may_be_adopted(old, new):
            keys.update(self.suitors(new))
        return sorted(keys)

    def suitors(self, orphan: Object) -> list[str]:
        """The keys of all owners whose selector matches the object."""
        labels = labels_of(orphan)
        owners = in_namespace(self._owners, namespace_of(orphan)) if labels else ()
        return [key_of(owner) for owner in owners if label_selector_from(owner["spec"]["selector"]).matches(labels)]


def _may_be_adopted(old: Object | None, new: Object) -> bool:
    return old is None or controller_of(old) is not None or labels_of(old) != labels_of(new)
