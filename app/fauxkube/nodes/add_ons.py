"""Network add-ons: what their pods look like, which file they put on nodes, and where they are told their range.

An add-on is whoever mounts the directory of the container runtime's network files so that it can write there. Those in
the table differ in what its columns say; every other is taken to use the blocks that the cluster gave its nodes. Facts
are named `config/KEY` for a key of a ConfigMap that the pod uses, `env/NAME` for a container's environment and
`pool/FIELD` for an address pool, each with a path into it behind `#`: `config/net-conf.json#Network`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fauxkube.kinds.core.node_network import NodeNetwork
from fauxkube.kinds.core.pod_status import controller_of, is_ready, is_sidecar
from fauxkube.machinery.objects import Object, is_terminating, name_of
from fauxkube.nodes.pod_conditions import is_done
from fauxkube.nodes.pod_phase import statuses_by_container

#: The directory that the container runtime takes its network from, and what it lies in.
_CONF_DIRECTORIES = frozenset({"/etc/cni/net.d", "/etc/cni", "/etc"})
#: What only adds to the network that another add-on makes.
_CHAINED = ("multus", "istio", "linkerd", "portmap", "whereabouts")
#: The longest name of an annotation has room for so much behind `cni.`.
_LONGEST_NAME = 59


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """One add-on: `words` are found in its images or its DaemonSet's name.

    Of the facts `ranges` the first one that says something names its range, else it is `default_range`. Blocks of
    `block` bits (or as `block_sizes` say) are taken out of that range, at most `most_blocks` for a node, unless
    `given_blocks` (a fact and its value) says otherwise; 0: the blocks are those that the cluster gave the node, and
    its agent ends at once if they are not within the range. `unready` are the plugin's words while the agent has not
    run, and at any time that it does not run if the plugin `asks` it. `up` are the reason and message of the node's
    condition once it runs. `config_maps` are read beside those that the pod uses, by namespace (empty: the pod's).
    """

    name: str
    conf: str
    plugin: str
    words: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    default_range: str = ""
    block: int = 0
    block_sizes: tuple[str, ...] = ()
    most_blocks: int = 1
    given_blocks: tuple[str, str] = ("", "")
    config_maps: tuple[tuple[str, str], ...] = ()
    unready: str = "the agent of the network add-on has not run on this node"
    asks: bool = False
    up: tuple[str, str] = ("", "")


_CALICO_UNREADY = (
    "stat /var/lib/calico/nodename: no such file or directory: "
    "check that the calico/node container is running and has mounted /var/lib/calico/"
)
_FLANNEL_UNREADY = "loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory"
_CILIUM_UNREADY = (
    "unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: "
    'Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory\n'
    "Is the agent running?"
)
_WEAVE_UNREADY = (
    'unable to allocate IP address: Post "http://127.0.0.1:6784/ip": dial tcp 127.0.0.1:6784: connect: '
    "connection refused"
)

#: Whose words are found first counts: canal is flannel and Calico in one.
ADD_ONS = (
    AddOn(
        name="canal",
        conf="10-canal.conflist",
        plugin="calico",
        words=("canal",),
        ranges=("config/net-conf.json#Network",),
        unready=_CALICO_UNREADY,
        up=("FlannelIsUp", "Flannel is running on this node"),
    ),
    AddOn(
        name="flannel",
        conf="10-flannel.conflist",
        plugin="flannel",
        words=("flannel",),
        ranges=("config/net-conf.json#Network",),
        unready=_FLANNEL_UNREADY,
        up=("FlannelIsUp", "Flannel is running on this node"),
    ),
    AddOn(
        name="calico",
        conf="10-calico.conflist",
        plugin="calico",
        words=("calico",),
        ranges=("pool/cidr", "env/CALICO_IPV4POOL_CIDR", "config/ClusterConfiguration#networking.podSubnet"),
        default_range="192.168.0.0/16",
        block=26,
        block_sizes=("pool/blockSize", "env/CALICO_IPV4POOL_BLOCK_SIZE"),
        most_blocks=20,
        config_maps=(("kube-system", "kubeadm-config"),),
        unready=_CALICO_UNREADY,
        up=("CalicoIsUp", "Calico is running on this node"),
    ),
    AddOn(
        name="cilium",
        conf="05-cilium.conflist",
        plugin="cilium-cni",
        words=("cilium",),
        ranges=("config/cluster-pool-ipv4-cidr",),
        default_range="10.0.0.0/8",
        block=24,
        block_sizes=("config/cluster-pool-ipv4-mask-size",),
        given_blocks=("config/ipam", "kubernetes"),
        config_maps=(("", "cilium-config"),),
        unready=_CILIUM_UNREADY,
        asks=True,
        up=("CiliumIsUp", "Cilium is running on this node"),
    ),
    AddOn(
        name="weave",
        conf="10-weave.conflist",
        plugin="weave-net",
        words=("weave",),
        ranges=("env/IPALLOC_RANGE",),
        default_range="10.32.0.0/12",
        block=24,
        unready=_WEAVE_UNREADY,
        asks=True,
        up=("WeaveIsUp", "Weave pod has set this"),
    ),
)
_BY_NAME = {each.name: each for each in ADD_ONS}


def add_on_named(name: str) -> AddOn:
    """The add-on of that name, one of its own kind if it is not in the table."""
    return _BY_NAME.get(name) or AddOn(name=name, conf=f"10-{name}.conflist", plugin=name)


def add_on_of(pod: Object) -> AddOn | None:
    """The add-on whose pod this is; None for a pod that puts no network file on its node."""
    if not any(_writers(pod, kind) for kind in ("initContainers", "containers")):
        return None
    controller = controller_of(pod)
    name = str(controller["name"]) if controller else name_of(pod)
    described = [name, *(container["image"] for _, container in _containers(pod))]
    if any(word in text for word in _CHAINED for text in described):
        return None
    known = (each for each in ADD_ONS if any(word in text for word in each.words for text in described))
    return next(known, None) or add_on_named(name[:_LONGEST_NAME].rstrip("-."))


def has_put_its_file(pod: Object) -> bool:
    """Whether an add-on's pod has put its file on the node: its init container for that is done, else its agent up."""
    init = _writers(pod, "initContainers")
    once = [container for container in init if not is_sidecar(container)]
    if once:
        listed = statuses_by_container(pod["spec"], pod["status"], "initContainers")
        return all(is_done(container, own) for container, own in listed if container in once)
    return is_ready(pod)


def run_of_agent(pod: Object) -> str:
    """The run that an add-on's pod is in, once it is up and until it is told to stop; empty otherwise."""
    if not is_ready(pod) or is_terminating(pod):
        return ""
    restarts = sum(int(each.get("restartCount") or 0) for each in pod["status"].get("containerStatuses") or ())
    return f"{pod['metadata']['uid']}/{restarts}"


def plugin_problem(network: NodeNetwork) -> str:
    """What the plugin of a node's network says instead of giving an address; empty when it can be asked for one."""
    add_on = add_on_named(network.name)
    lacks_agent = add_on.asks and not network.running
    return add_on.unready if lacks_agent or not network.blocks else ""


def _writers(pod: Object, kind: str) -> list[Object]:
    """The containers that can write into the directory of the runtime's network files."""
    spec = pod["spec"]
    volumes = {each["name"] for each in spec.get("volumes") or () if _path(each) in _CONF_DIRECTORIES}
    return [container for container in (spec.get(kind) or ()) if volumes and _mounts(container, volumes)]


def _path(volume: Object) -> str:
    return str((volume.get("hostPath") or {}).get("path") or "").rstrip("/")


def _mounts(container: Object, volumes: set[str]) -> bool:
    mounts = container.get("volumeMounts") or ()
    return any(mount["name"] in volumes and not mount.get("readOnly") for mount in mounts)


def _containers(pod: Object) -> Iterator[tuple[str, Object]]:
    for kind in ("initContainers", "containers"):
        for container in pod["spec"].get(kind) or ():
            yield kind, container
