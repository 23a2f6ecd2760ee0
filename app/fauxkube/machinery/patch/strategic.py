"""Strategic merge patch, as apimachinery's `util/strategicpatch` applies it.

Lists that the schema gives a merge key are merged element by element, other lists are replaced. Directives in the
patch: `$patch: replace | delete`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`, `$retainKeys`.
A merged list is in the order of the patch, with what only the server has kept where it was (see `element_order`).
"""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.patch import PatchError
from fauxkube.machinery.patch.element_order import check_order, in_order
from fauxkube.machinery.patch.go_text import shown, type_name, unreadable
from fauxkube.machinery.schema_nodes import Field, ListOf, MapOf, Node, Struct

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList"
_SET_ORDER = "$setElementOrder"
_SERVER_ERROR = 500


def apply(doc: Object, patch: Any, schema: Struct) -> Object:
    """The patched object. `doc` is the caller's own and is changed; the patch is left alone. Raises `PatchError`."""
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}", doing="")
    return _merge_map(doc, copy_of(patch), schema)


def _child(node: Node | None, name: str) -> tuple[Field | None, Node | None]:
    """How the field of that name merges, and what it holds."""
    if isinstance(node, Struct):
        field = node.fields.get(name)
        return field, field.node if field else None
    return None, node.element if isinstance(node, MapOf) else None


def _merge_map(original: Object, patch: Object, node: Node | None) -> Object:
    if _DIRECTIVE in patch:
        return _directed(patch)
    _retain_keys(original, patch)
    for name in [each for each in patch if each.startswith(_SET_ORDER)]:
        _merge_in_order(original, patch, name, node)
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            _delete_from_list(original, _field_of(name, _DELETE_FROM, "primitive list"), value)
        elif value is None:
            original.pop(name, None)
        else:
            _merge_field(original, name, value, node)
    return original


def _directed(patch: Object) -> Object:
    directive = patch[_DIRECTIVE]
    if directive == "delete":
        return {}
    if directive != "replace":
        raise _unknown_directive(patch)
    del patch[_DIRECTIVE]
    return patch


def _unknown_directive(patch: Object) -> PatchError:
    return PatchError(f"unknown patch type: {shown(patch[_DIRECTIVE])} in map: {shown(patch)}", code=_SERVER_ERROR)


def _field_of(name: str, prefix: str, what: str) -> str:
    """The field that a directive such as `$setElementOrder/ports` is about."""
    directive, slash, field = name.partition("/")
    if directive != prefix or not slash:
        raise PatchError(f"invalid patch format of {what}")
    return field


def _merge_field(original: Object, name: str, value: Any, node: Node | None) -> None:
    if name not in original or type(original[name]) is not type(value):
        added = _without_directives(_without_nulls(value))
        if added is None:
            original.pop(name, None)
        else:
            original[name] = added
        return
    field, held = _child(node, name)
    if isinstance(value, dict):
        replaces = field is not None and field.replaces
        original[name] = value if replaces else _merge_map(original[name], value, held)
    elif isinstance(value, list):
        original[name] = _merge_list(original[name], value, field)
    else:
        original[name] = value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _without_directives(value: Any) -> Any:
    """The value, less what directives in it were meant to act on; None when it is itself one."""
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return None
        kept = {name: _without_directives(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None}
    if isinstance(value, list):
        return [item for item in map(_without_directives, value) if item is not None]
    return value


def _retain_keys(original: Object, patch: Object) -> None:
    """Drop the fields that `$retainKeys` does not list; what the patch sets must be listed."""
    if _RETAIN_KEYS not in patch:
        return
    retained = patch.pop(_RETAIN_KEYS)
    set_by_patch = (name for name, value in patch.items() if value is not None and not name.startswith("$"))
    if not isinstance(retained, list) or any(name not in retained for name in set_by_patch):
        raise PatchError("invalid patch format of retainKeys")
    for name in [each for each in original if each not in retained]:
        del original[name]


def _delete_from_list(original: Object, name: str, values: Any) -> None:
    current = original.get(name)
    if isinstance(current, list) and isinstance(values, list):
        original[name] = [item for item in current if item not in values]


def _as_list(holder: Object, name: str) -> list[Any] | None:
    value = holder.get(name)
    if value is None or isinstance(value, list):
        return value
    raise PatchError(f"expected a []interface {{}}, but received a {type_name(value)}", code=_SERVER_ERROR)


def _merge_in_order(original: Object, patch: Object, directive: str, node: Node | None) -> None:
    """Merge one list and bring it into the order that its `$setElementOrder` gives; both leave the patch."""
    order = _as_list(patch, directive) or []
    del patch[directive]
    name = _field_of(directive, _SET_ORDER, "setElementOrder list")
    field, _ = _child(node, name)
    key = field.merge_key if field else ""
    live, given = _as_list(original, name), _as_list(patch, name)
    check_order(given or [], order, key)
    if given is not None:
        del patch[name]
    if live is None and given is None:
        return
    if live is None:
        merged = _without_directives(given)
    else:
        merged = _merge_list(list(live), given, field) if given is not None else live
    original[name] = in_order(merged, order, live or [], key)


def _merge_list(original: list[Any], patch: list[Any], field: Field | None) -> list[Any]:
    if field is None or not field.merges or not isinstance(field.node, ListOf):
        return patch
    if not original and not patch:
        return original
    kinds = {type(item) for item in (*original, *patch)}
    if list in kinds:
        raise PatchError("lists of lists are not supported", code=422)
    if len(kinds) > 1:
        raise PatchError(
            f"list element types are not identical: [{shown(original)} {shown(patch)}]", code=_SERVER_ERROR
        )
    if dict not in kinds:
        return in_order(list(dict.fromkeys((*original, *patch))), patch, original, "")
    return _merge_objects(original, patch, field.node.element, field.merge_key)


def _merge_objects(original: list[Object], patch: list[Object], element: Node, key: str) -> list[Object]:
    if not key:
        raise PatchError(f"cannot merge lists without merge key for {element.go_type}", code=_SERVER_ERROR)
    live, plain = _act_on_elements(original, patch, key)
    merged = list(live)
    for item in plain:
        index = next((at for at, each in enumerate(merged) if key in each and each[key] == _key(item, key)), None)
        if index is None:
            merged.append(_without_directives(_without_nulls(item)))
        else:
            merged[index] = _merge_map(merged[index], item, element)
    return in_order(merged, plain, live, key)


def _act_on_elements(original: list[Object], patch: list[Object], key: str) -> tuple[list[Object], list[Object]]:
    """Do what elements with a `$patch` of their own ask for: the list to merge into, and the elements to merge."""
    live = original
    plain = [item for item in patch if _DIRECTIVE not in item]
    replaces = False
    for item in patch:
        match item.get(_DIRECTIVE):
            case None:
                continue
            case "delete":
                gone = _key(item, key)
                live = [each for each in live if each.get(key) != gone]
            case "replace":
                replaces = True
            case "merge":
                raise PatchError("merging lists cannot yet be specified in the patch", code=_SERVER_ERROR)
            case _:
                raise _unknown_directive(item)
    return (plain, []) if replaces else (live, plain)


def _key(item: Object, key: str) -> Any:
    if key not in item:
        raise PatchError(f"map: {shown(item)} does not contain declared merge key: {key}", code=_SERVER_ERROR)
    return item[key]
