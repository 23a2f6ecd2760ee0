"""The order of a merged list, as KEP "preserve order in strategic merge patch" lays it down.

Elements that the patch names come in the patch's order; those that only the server has keep theirs, and both are
interleaved by where the live list had them, as far as that is possible.
"""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.patch import PatchError
from fauxkube.machinery.patch.go_text import shown

_SERVER_ERROR = 500


def _keys(items: list[Any], key: str) -> list[Any]:
    """What tells the elements apart: the merge key's values, or the elements themselves where there is no key."""
    keys = [_key(item, key) for item in items] if key else items
    if any(isinstance(each, dict | list) for each in keys):
        raise PatchError(f"cannot merge by the value {shown(keys)}", code=_SERVER_ERROR)
    return keys


def _key(item: Any, key: str) -> Any:
    if not isinstance(item, dict) or key not in item:
        raise PatchError(f"map: {shown(item)} does not contain declared merge key: {key}", code=_SERVER_ERROR)
    return item[key]


def check_order(patch: list[Any], order: list[Any], key: str) -> None:
    """A patch must name its elements in the order that `$setElementOrder` gives them, and no others."""
    plain = [item for item in patch if not (isinstance(item, dict) and "$patch" in item)]
    if not order or not plain:
        return
    remaining = iter(_keys(order, key))
    if not all(wanted in remaining for wanted in _keys(plain, key)):
        raise PatchError(
            f"The order in patch list:\n{shown(patch)}\n doesn't match $setElementOrder list:\n{shown(order)}\n",
            code=_SERVER_ERROR,
        )


def in_order(merged: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """The merged list: elements in `order` as they are there, the others as in `live`, interleaved."""
    ordered, lived = _positions(_keys(order, key)), _positions(_keys(live, key))
    pairs = list(zip(_keys(merged, key), merged, strict=True))
    named = sorted((pair for pair in pairs if pair[0] in ordered), key=lambda pair: ordered[pair[0]])
    others = sorted((pair for pair in pairs if pair[0] not in ordered), key=lambda pair: lived.get(pair[0], len(live)))
    result: list[Any] = []
    for wanted, item in named:
        while others and _comes_first(others[0][0], wanted, lived):
            result.append(others.pop(0)[1])
        result.append(item)
    return result + [item for _, item in others]


def _positions(keys: list[Any]) -> dict[Any, int]:
    return {key: index for index, key in reversed(list(enumerate(keys)))}


def _comes_first(left: Any, right: Any, lived: dict[Any, int]) -> bool:
    return left in lived and right in lived and lived[left] < lived[right]
