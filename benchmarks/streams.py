"""What exec and port-forward carry, through a real kubectl.

    python benchmarks/streams.py [--kubectl kubectl] [--megabytes 200]

A server of its own, whose pod leads to a port of this program. Prints figures and never fails for being slow: machines
differ, and kubectl and this program take their share of the processor, so compare the rows of one run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from run import server

MEGABYTE = 1_000_000
SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}


@contextmanager
def local_server(megabytes: int) -> Iterator[int]:
    """A port that sends so much to whoever connects, once they have sent a byte, and then closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1)
                    for _ in range(megabytes):
                        connection.sendall(b"x" * MEGABYTE)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


class Kubectl:
    """kubectl on one server, over WebSocket or over SPDY."""

    def __init__(self, path: str, url: str, home: str, variables: dict[str, str]) -> None:
        self._command = [path, "--server", url]
        self._environment = os.environ | {"HOME": home, "KUBECONFIG": f"{home}/none"} | variables

    def seconds(self, *args: str, data: bytes = b"") -> float:
        """How long a command takes that is sent this."""
        begun = time.perf_counter()
        command = [*self._command, *args]
        subprocess.run(command, input=data, stdout=subprocess.DEVNULL, env=self._environment, check=True)
        return time.perf_counter() - begun

    @contextmanager
    def forwarded(self, target: str) -> Iterator[int]:
        """A local port that leads to the pod's."""
        command = [*self._command, "port-forward", "pod/web", target]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._environment)
        assert process.stdout is not None
        try:
            found = re.search(r":(\d+) -> ", process.stdout.readline())
            assert found
            yield int(found[1])
        finally:
            process.terminate()
            process.communicate()


def row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def rate(megabytes: int, seconds: float) -> str:
    return f"{megabytes / seconds:,.0f} MB/s ({megabytes * 8 / seconds / 1000:.2f} Gbit/s)"


def download(port: int) -> float:
    """The seconds that all of what a port sends takes."""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"x")
        while connection.recv(MEGABYTE):
            pass
    return time.perf_counter() - begun


def best(measure: Callable[[], float]) -> float:
    """The quickest of three."""
    return min(measure() for _ in range(3))


def measure(kubectl: Kubectl, protocol: str, megabytes: int) -> None:
    """The rows of one protocol; what a kubectl costs by itself is taken off where data flows."""
    idle = best(lambda: kubectl.seconds("exec", "web", "--", "true"))
    row(f"{protocol}: kubectl exec of nothing", f"{idle * 1000:.0f} ms")
    data = b"x" * (megabytes * MEGABYTE)
    into = best(lambda: kubectl.seconds("exec", "-i", "web", "--", "sh", "-c", "cat > /dev/null", data=data))
    row(f"{protocol}: exec, {megabytes} MB in", rate(megabytes, into - idle))
    both = best(lambda: kubectl.seconds("exec", "-i", "web", "--", "cat", data=data))
    row(f"{protocol}: exec, {megabytes} MB in and out", rate(megabytes, both - idle))
    with kubectl.forwarded(":80") as port:
        row(f"{protocol}: port-forward, {megabytes} MB", rate(megabytes, best(lambda: download(port))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubectl", default=shutil.which("kubectl") or "kubectl")
    parser.add_argument("--megabytes", type=int, default=200)
    asked = parser.parse_args()
    with local_server(asked.megabytes) as local, server() as (url, _, _), tempfile.TemporaryDirectory() as home:
        kubectl = Kubectl(asked.kubectl, url, home, {})
        annotation = f"fauxkube.io/local-port.80=127.0.0.1:{local}"
        kubectl.seconds("run", "web", "--image=nginx", "--port=80", f"--annotations={annotation}")
        kubectl.seconds("wait", "--for=condition=Ready", "pod/web")
        print("| what | figure |\n| --- | --- |")
        measure(kubectl, "WebSocket", asked.megabytes)
        measure(Kubectl(asked.kubectl, url, home, SPDY), "SPDY", asked.megabytes)


if __name__ == "__main__":
    main()
