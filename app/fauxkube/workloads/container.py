"""One simulated container while it runs: what it is called, who its programs are, its files and its environment.

All of it is computed from the pod as it is at the moment; only what is written to files is kept, for as long as the
container runs, and in volumes for as long as the pod is there (those of the node's paths: for as long as the cluster).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial

from fauxkube.kinds.gvrs import CONFIG_MAPS, NODES, SECRETS
from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Object, key_of, namespace_of
from fauxkube.network.environment import service_environment
from fauxkube.network.hostname import hostname
from fauxkube.network.hosts import Pod, pod_of
from fauxkube.network.hosts_file import hosts_file
from fauxkube.network.resolv_conf import resolv_conf
from fauxkube.network.topology import Topology
from fauxkube.workloads.environment import Sources, base, environment, expand
from fauxkube.workloads.files.filesystem import Budget, FileSystem, Mount
from fauxkube.workloads.files.image import folder_at, image, put
from fauxkube.workloads.files.nodes import File, Folder, Node
from fauxkube.workloads.files.volumes import VolumeSources, is_computed, tree_of, volume_of
from fauxkube.workloads.surroundings import Surroundings
from fauxkube.workloads.users import User, user_of

#: How much a container, or a volume, takes of what is written (bytes).
FILES_LIMIT = 16 * 1024 * 1024
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


class Volumes:
    """What was written to volumes, by who holds it (`pod/...` or `node/...`)."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Folder, Budget]] = {}

    def of(self, holder: str) -> tuple[Folder, Budget]:
        """The folder and what may still be written to it; new ones are empty, and anybody may write there."""
        if holder not in self._held:
            self._held[holder] = Folder(mode=0o777), Budget(FILES_LIMIT)
        return self._held[holder]

    def forget(self, prefix: str) -> None:
        """Drop those of a pod that is gone."""
        for holder in [each for each in self._held if each.startswith(prefix)]:
            del self._held[holder]


class Container:
    """A run of a container, by the pod's key and its name; `pod` gives the pod as it is now."""

    def __init__(
        self,
        pod: Callable[[], Object],
        name: str,
        surroundings: Surroundings,
        *,
        volumes: Volumes,
        programs: frozenset[str],
    ) -> None:
        self._pod = pod
        self.name = name
        self.surroundings = surroundings
        self._volumes = volumes
        #: As it was when somebody last looked: what reads files cannot wait for another.
        self.topology = Topology()
        #: As it was when somebody looked first: a program's environment does not change.
        self._environment: dict[str, str] | None = None
        #: How many subshells run in it.
        self.subshells = 0
        self.files = self._file_system(programs)

    # What it is

    @property
    def pod(self) -> Object:
        """The pod as it is now."""
        return self._pod()

    @property
    def key(self) -> str:
        """The pod's key."""
        return key_of(self.pod)

    @property
    def spec(self) -> Object:
        """The container as the pod describes it."""
        return spec_of(self.pod, self.name)

    @property
    def user(self) -> User:
        """Who its programs run as."""
        return user_of(self.pod["spec"], self.spec)

    @property
    def host(self) -> Pod:
        """The pod as the network sees it."""
        return self.topology.pods.by_key.get(self.key) or pod_of(self.pod)

    @property
    def hostname(self) -> str:
        """What `hostname` prints."""
        return hostname(self.topology, self.host)

    @property
    def command(self) -> list[str]:
        """The command line of its own program, as far as the pod tells it."""
        return [*(self.spec.get("command") or ()), *(self.spec.get("args") or ())] or [_program_of(self.spec)]

    @property
    def cpus(self) -> int:
        """How many processors its node has for pods."""
        return max(1, quantity.value(self._allocatable().get("cpu") or "1"))

    @property
    def memory(self) -> int:
        """How much memory its node has for pods, in bytes."""
        return quantity.value(self._allocatable().get("memory") or "1Gi")

    @property
    def folder(self) -> str:
        """Where its programs start."""
        return self.spec.get("workingDir") or "/"

    async def look(self) -> Topology:
        """The network as it is now."""
        self.topology = await self.surroundings.network.topology()
        return self.topology

    def environment(self, *, tty: bool = False) -> dict[str, str]:
        """The variables that a program starts with."""
        if self._environment is None:
            self._environment = self._own_environment()
        return base(self.hostname, self.user.home, tty=tty) | self._environment

    def _own_environment(self) -> dict[str, str]:
        pod = self.pod
        state = status_of(pod, self.name).get("state") or {}
        started = (state.get("running") or {}).get("startedAt") or ""
        sources = Sources(
            service_environment(self.topology, self.host, started=started),
            self._allocatable(),
            partial(self._find, "configmaps"),
            partial(self._find, "secrets"),
        )
        return environment(pod, self.spec, sources)

    def _find(self, kind: str, name: str) -> Object | None:
        gvr = CONFIG_MAPS if kind == "configmaps" else SECRETS
        return self.surroundings.objects.find(gvr, namespace_of(self.pod), name)

    def _allocatable(self) -> Object:
        node = self.surroundings.objects.find(NODES, "", self.pod["spec"].get("nodeName") or "")
        found: Object = ((node or {}).get("status") or {}).get("allocatable") or {}
        return found

    # Its files

    def _file_system(self, programs: frozenset[str]) -> FileSystem:
        live = {
            "/etc/hostname": lambda: _line(self.hostname),
            "/etc/resolv.conf": lambda: resolv_conf(self.topology, self.host).encode(),
            "/proc/1/cmdline": lambda: "".join(f"{each}\0" for each in self.command).encode(),
            "/proc/1/environ": lambda: "".join(
                f"{name}={value}\0" for name, value in self.environment().items()
            ).encode(errors="surrogateescape"),
            "/proc/1/comm": lambda: _line(self.command[0].rpartition("/")[2][:15]),
            "/proc/uptime": lambda: _line(f"{self.surroundings.clock.monotonic():.2f} 0.00"),
            "/proc/version": lambda: b"Linux version 6.8.0 (fauxkube)\n",
            "/proc/mounts": self._mount_table,
        }
        root = image(programs, live)
        mounts = {each["mountPath"].rstrip("/"): each for each in self.spec.get("volumeMounts") or ()}
        for path in mounts:
            folder_at(root, path)
        # The runtime writes this one once, and programs may add lines.
        put(root, "/etc/hosts", File(b""))
        read_only = bool((self.spec.get("securityContext") or {}).get("readOnlyRootFilesystem"))
        top = Mount(lambda: root, Budget(FILES_LIMIT), read_only)
        plain = FileSystem(top, {}, self.surroundings.clock.now)
        found = {plain.real_path(path): mount for path, each in mounts.items() if (mount := self._mount(each))}
        return FileSystem(top, found, self.surroundings.clock.now)

    def write_hosts_file(self) -> None:
        """Write /etc/hosts anew, unless a volume is mounted there or somebody has changed it."""
        text = hosts_file(self.topology, self.host).encode()
        node = self.files.find("/etc/hosts")
        if isinstance(node, File) and not node.content:
            node.content = text

    def _mount_table(self) -> bytes:
        lines = ["overlay / overlay rw,relatime 0 0"]
        for path, mount in self.files.mounts.items():
            lines.append(f"tmpfs {path} tmpfs {'ro' if mount.read_only else 'rw'},relatime 0 0")
        return "".join(f"{line}\n" for line in lines).encode()

    def _mount(self, mount: Object) -> Mount | None:
        volume = volume_of(self.pod, mount.get("name") or "")
        if volume is None:
            return None
        sub_path = mount.get("subPath") or ""
        if mount.get("subPathExpr"):
            sub_path = expand(mount["subPathExpr"], self._own_environment())
        if is_computed(volume):
            name = volume["name"]
            return Mount(partial(self._computed, name, sub_path), Budget(0), read_only=True)
        folder, budget = self._volumes.of(self._holder(volume))
        if sub_path:
            folder = folder_at(folder, sub_path)
            folder.mode = 0o777
        return Mount(lambda: folder, budget, bool(mount.get("readOnly")))

    def _computed(self, name: str, sub_path: str) -> Node:
        volume = volume_of(self.pod, name)
        assert volume is not None
        tree = tree_of(volume, self.pod, VolumeSources(self._find, self._allocatable, self.surroundings.token))
        if not sub_path:
            return tree
        found = FileSystem(Mount(lambda: tree, Budget(0)), {}, self.surroundings.clock.now).find(f"/{sub_path}")
        return found if found is not None else Folder()

    def _holder(self, volume: Object) -> str:
        pod = self.pod
        if (path := (volume.get("hostPath") or {}).get("path")) is not None:
            return f"node/{pod['spec'].get('nodeName')}{path}"
        return f"{pod_holder(pod)}{volume['name']}"


def _line(text: str) -> bytes:
    return f"{text}\n".encode()


def pod_holder(pod: Object) -> str:
    """What the names of those who hold a pod's volumes begin with."""
    return f"pod/{pod['metadata'].get('uid')}/"


def status_of(pod: Object, name: str) -> Object:
    """The container's status; empty while there is none."""
    status = pod.get("status") or {}
    every = (each for kind in _STATUSES for each in status.get(kind) or ())
    found: Object = next((each for each in every if each["name"] == name), {})
    return found


def spec_of(pod: Object, name: str) -> Object:
    """The container of that name, of whichever kind; empty when there is none."""
    spec = pod["spec"]
    every = (*spec.get("containers", ()), *(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ()))
    found: Object = next((each for each in every if each["name"] == name), {})
    return found


def mac_of(address: str) -> str:
    """The hardware address that goes with an IP address: a local one, the same each time."""
    digits = f"{zlib.crc32(address.encode()):08x}"
    return "0a:58:" + ":".join(digits[start : start + 2] for start in range(0, 8, 2))


def _program_of(spec: Object) -> str:
    """What an image's own program is taken to be called: its repository's last part."""
    name = str(spec.get("image") or "app").rpartition("/")[2]
    return name.partition("@")[0].partition(":")[0]
