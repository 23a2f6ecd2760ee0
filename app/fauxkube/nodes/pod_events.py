"""What a kubelet tells of a pod by events, in the words of 1.36 (`pkg/kubelet/events`, `images`, `kuberuntime`)."""

from __future__ import annotations

from fauxkube.client.events import EventRecorder
from fauxkube.kinds.core.pod_status import pod_ip_of
from fauxkube.machinery.objects import Object
from fauxkube.nodes.images import image_of
from fauxkube.nodes.node_conditions import NETWORK_NOT_READY

#: Where the status says what has become of the containers of a list of the spec's.
_STATUSES = {"containers": "containerStatuses", "initContainers": "initContainerStatuses"}


class PodEvents:
    """Events on pods, recorded by one node's kubelet."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._record = recorder.event

    def pulling(self, pod: Object, container: Object) -> None:
        """The container's image is being pulled."""
        self._tell(pod, container, "Pulling", f'Pulling image "{container["image"]}"')

    def started(self, pod: Object, container: Object, *, pulled: bool, seconds: float) -> None:
        """The container runs; its image had to be `pulled`, which took so long, or was there."""
        image = container["image"]
        if pulled:
            took, size = go_duration(seconds), image_of(image).size
            text = (
                f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
            )
        else:
            text = f'Container image "{image}" already present on machine and can be accessed by the pod'
        self._tell(pod, container, "Pulled", text)
        self._tell(pod, container, "Created", "Container created")
        self._tell(pod, container, "Started", "Container started")

    def killing(self, pod: Object) -> None:
        """The containers that run are told to stop."""
        status = pod.get("status") or {}
        for path in ("containers", "initContainers"):
            for each in status.get(_STATUSES[path]) or ():
                if "running" in (each.get("state") or {}):
                    at = f"spec.{path}{{{each['name']}}}"
                    self._record(pod, "Normal", "Killing", f"Stopping container {each['name']}", field_path=at)

    def redefined(self, pod: Object, container: Object) -> None:
        """The container's definition changed while it ran."""
        message = f"Container {container['name']} definition changed, will be restarted"
        self._tell(pod, container, "Killing", message)

    def sandbox_failed(self, pod: Object, message: str) -> None:
        """The pod got no sandbox, so no address."""
        self._record(pod, "Warning", "FailedCreatePodSandBox", message)

    def network_not_ready(self, pod: Object) -> None:
        """The node has no network for the pod."""
        self._record(pod, "Warning", "NetworkNotReady", f"network is not ready: {NETWORK_NOT_READY}")

    def restart_backed_off(self, pod: Object, container: Object) -> None:
        """The container that ended must wait before it runs again."""
        message = f"Back-off restarting failed container {container['name']} in pod {full_name(pod)}"
        self._tell(pod, container, "BackOff", message, type="Warning")

    def pull_failed(self, pod: Object, container: Object, failure: str) -> None:
        """The container's image could not be pulled."""
        message = f'Failed to pull image "{container["image"]}": {failure}'
        self._tell(pod, container, "Failed", message, type="Warning")
        self._tell(pod, container, "Failed", "Error: ErrImagePull", type="Warning")

    def pull_backed_off(self, pod: Object, container: Object) -> None:
        """The image must wait before it is pulled again."""
        self._tell(pod, container, "BackOff", f'Back-off pulling image "{container["image"]}"')
        self._tell(pod, container, "Failed", "Error: ImagePullBackOff", type="Warning")

    def unready(self, pod: Object, container: Object, output: str) -> None:
        """The container's readiness probe fails."""
        output = output or _probe_output(pod, container.get("readinessProbe") or {})
        self._tell(pod, container, "Unhealthy", f"Readiness probe failed: {output}", type="Warning")

    def unhealthy(self, pod: Object, container: Object, output: str) -> None:
        """The container's liveness probe fails, and it is killed."""
        output = output or _probe_output(pod, container.get("livenessProbe") or {})
        self._tell(pod, container, "Unhealthy", f"Liveness probe failed: {output}", type="Warning")
        again = "" if pod["spec"].get("restartPolicy") == "Never" else ", will be restarted"
        self._tell(pod, container, "Killing", f"Container {container['name']} failed liveness probe{again}")

    def sandbox_changed(self, pod: Object) -> None:
        """The node has booted, and the pod's sandbox is another."""
        self._record(pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")

    def evicted(self, pod: Object, message: str) -> None:
        """The pod has to leave a node that runs short of something, or is not let onto it."""
        self._record(pod, "Warning", "Evicted", message)

    def annotation_ignored(self, pod: Object, problem: str) -> None:
        """An annotation says nothing that makes sense."""
        self._record(pod, "Warning", "InvalidAnnotation", problem)

    def _tell(self, pod: Object, container: Object, reason: str, message: str, *, type: str = "Normal") -> None:
        name = container["name"]
        is_init = any(each["name"] == name for each in pod["spec"].get("initContainers") or ())
        path = f"spec.{'initContainers' if is_init else 'containers'}{{{name}}}"
        self._record(pod, type, reason, message, field_path=path)


def full_name(pod: Object) -> str:
    """As the kubelet's messages name a pod: `web_default(<UID>)`."""
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def _probe_output(pod: Object, probe: Object) -> str:
    """What the prober says of such a probe when no one answers, or when the answer is no."""
    if "tcpSocket" in probe:
        address = f"{pod_ip_of(pod)}:{probe['tcpSocket'].get('port')}"
        return f"dial tcp {address}: connect: connection refused"
    return "command failed" if "exec" in probe else "HTTP probe failed with statuscode: 503"


def go_duration(seconds: float) -> str:
    """As Go prints a duration cut to milliseconds: `0s`, `523ms`, `1.2s`, `1m2.5s`."""
    milliseconds = int(seconds * 1000 + 1e-6)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
