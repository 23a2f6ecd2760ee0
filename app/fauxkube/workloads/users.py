"""Who a container's programs run as: its security context's user and groups, else root."""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.machinery.objects import Object
from fauxkube.workloads.files.filesystem import Owner

#: What every image's /etc/passwd and /etc/group know here.
USERS = {0: "root", 1: "daemon", 65534: "nobody"}
GROUPS = {0: "root", 1: "daemon", 65534: "nobody"}
USER_FILE = (
    "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n"
)
GROUP_FILE = "root:x:0:\ndaemon:x:1:\nnobody:x:65534:\n"


@dataclass(frozen=True, slots=True)
class User:
    """The user's and group's numbers, and the further groups."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The user's name; empty where /etc/passwd has none."""
        return USERS.get(self.uid, "")

    @property
    def home(self) -> str:
        """As the runtime sets `HOME`."""
        return {0: "/root", 1: "/usr/sbin"}.get(self.uid, "/")

    @property
    def owner(self) -> Owner:
        """The user as files see it."""
        return Owner(self.uid, frozenset((self.gid, *self.groups)))


def user_of(spec: Object, container: Object) -> User:
    """The user that the container runs as; its own security context counts before the pod's."""
    of_pod = spec.get("securityContext") or {}
    merged = of_pod | (container.get("securityContext") or {})
    groups = [*(of_pod.get("supplementalGroups") or ())]
    if of_pod.get("fsGroup") is not None:
        groups.append(of_pod["fsGroup"])
    gid = merged.get("runAsGroup") or 0
    return User(merged.get("runAsUser") or 0, gid, tuple(sorted({*groups} - {gid})))


def id_text(user: User) -> str:
    """What `id` prints."""
    groups = ",".join(_named(each, GROUPS) for each in (user.gid, *user.groups))
    return f"uid={_named(user.uid, USERS)} gid={_named(user.gid, GROUPS)} groups={groups}"


def _named(number: int, names: dict[int, str]) -> str:
    return f"{number}({names[number]})" if number in names else str(number)
