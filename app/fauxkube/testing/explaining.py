"""An object's state in the words of whoever wonders why it is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.machinery.objects import Object, key_of, name_of
from fauxkube.testing.references import Reference

#: How many objects, and how many events, are told of.
_OBJECTS, _EVENTS = 5, 8


async def explain(client: Client, wanted: Reference, objects: Sequence[Object]) -> str:
    """The status and conditions of the objects, and the last events of them and of what is named after them."""
    lines = [line for obj in objects[:_OBJECTS] for line in described(obj)] or [_absent(wanted)]
    if len(objects) > _OBJECTS:
        lines.append(f"and {len(objects) - _OBJECTS} more")
    names = [name_of(obj) for obj in objects] or [wanted.name]
    listed = await client.list(EVENTS, wanted.namespace)
    events = [event for event in listed.items if _is_about(event, names)]
    if events:
        lines += ["last events:", *(f"  {told(event)}" for event in in_time(events)[-_EVENTS:])]
    return "\n".join(lines)


def _absent(wanted: Reference) -> str:
    return f"there is no {wanted}" if wanted.name else f"there are no {wanted}"


def described(obj: Object) -> Iterable[str]:
    """The object's name, its status in a line, and a line each of its conditions and of containers that wait."""
    status = obj.get("status") or {}
    plain = {name: value for name, value in status.items() if not isinstance(value, list | dict)}
    yield f"{obj.get('kind', '').lower()}/{key_of(obj)}: {_listed(plain) or 'no status'}"
    for each in status.get("conditions") or ():
        yield f"  {each['type']}={each['status']}{_because(each)}"
    for each in status.get("containerStatuses") or ():
        for state in ("waiting", "terminated"):
            if found := (each.get("state") or {}).get(state):
                yield f"  container {each['name']} is {state}{_because(found)}"


def told(event: Object) -> str:
    """An event in a line: `Warning FailedScheduling pod/web (3 times): 0/3 nodes are available`."""
    about = event.get("involvedObject") or {}
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    what = f"{about.get('kind', '').lower()}/{about.get('name', '')}"
    return f"{event.get('type')} {event.get('reason')} {what}{times}: {event.get('message', '')}"


def in_time(events: Iterable[Object]) -> list[Object]:
    """Events in the order in which they last happened."""
    return sorted(events, key=lambda event: (_last_seen(event), int(event["metadata"]["resourceVersion"])))


def _last_seen(event: Object) -> str:
    last = event.get("lastTimestamp") or (event.get("series") or {}).get("lastObservedTime") or event.get("eventTime")
    return str(last or event["metadata"].get("creationTimestamp"))[:19]


def _is_about(event: Object, names: Sequence[str]) -> bool:
    about = (event.get("involvedObject") or {}).get("name", "")
    return any(about == name or (name and about.startswith(f"{name}-")) for name in names)


def _listed(status: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in status.items())


def _because(state: Object) -> str:
    reason = ": ".join(text for text in (state.get("reason"), state.get("message")) if text)
    return f" ({reason})" if reason else ""
