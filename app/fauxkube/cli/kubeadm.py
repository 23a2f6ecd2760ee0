"""`fauxkube init`, `join` and `token`: a cluster bootstrapped step by step, as kubeadm does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server, ask
from fauxkube.cli.serving import CLUSTERS, Data, Dataplane, Dns, Host, Ingress, Port, Seed, Verbose, run, tell_of
from fauxkube.cli.time import seconds_of

if TYPE_CHECKING:
    from fauxkube.access.bootstrap_tokens import Token
    from fauxkube.client.protocol import Client
    from fauxkube.cluster.kubeadm.configuration import InitConfiguration
    from fauxkube.cluster.serving import Announced
    from fauxkube.cluster.settings import Settings

T = TypeVar("T")

#: How long tokens are good.
_TTL = "24h"
#: The node that the control plane is said to run on.
_NODE = "control-plane"

tokens = typer.Typer(help="Bootstrap tokens, which nodes join with.", no_args_is_help=True)


def init(  # noqa: PLR0913 - one parameter an option
    *,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    pod_network_cidr: Annotated[
        str, typer.Option(help="The range of pod addresses, of which nodes get blocks; without it they get none.")
    ] = "",
    service_cidr: Annotated[str, typer.Option(help="The range of cluster IPs.")] = "10.96.0.0/12",
    kubernetes_version: Annotated[str, typer.Option(help="The Kubernetes version, such as v1.36.0.")] = "v1.36.0",
    token: Annotated[str, typer.Option(help="The bootstrap token, abcdef.0123456789abcdef; else one is drawn.")] = "",
    token_ttl: Annotated[str, typer.Option(help="How long the token is good: 24h, 90m; 0 is for ever.")] = _TTL,
    node_name: Annotated[str, typer.Option(help="The name of the control plane's node.")] = _NODE,
    skip_phases: Annotated[
        list[str] | None, typer.Option(help="Phases to leave out, such as addon/kube-proxy; may be repeated.")
    ] = None,
    cert_dir: Annotated[
        Path | None, typer.Option(help="A folder to write the control plane's certificates to.", file_okay=False)
    ] = None,
    data: Data = None,
    seed: Seed = None,
    dataplane: Dataplane = False,
    ingress: Ingress = False,
    dns: Dns = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and keep nothing of it.")] = False,
    verbose: Verbose = False,
) -> None:
    """Initialize a control plane as kubeadm does, phase by phase, and serve it until Ctrl-C."""
    from fauxkube.cluster.kubeadm.configuration import InitConfiguration
    from fauxkube.cluster.kubeadm.phases import SKIPPABLE
    from fauxkube.cluster.kubeadm.tokens import KubeadmError, parse

    skipped = [name for each in skip_phases or () for name in each.split(",")]
    if unknown := [name for name in skipped if name not in SKIPPABLE]:
        _fail(f"invalid phase name: {unknown[0]}; there are {', '.join(SKIPPABLE)}")
    try:
        configuration = InitConfiguration(
            node_name=node_name,
            version=_release(kubernetes_version),
            pod_subnet=pod_network_cidr,
            service_subnet=service_cidr,
            token=parse(token) if token else None,
            token_ttl=_length(token_ttl),
            skipped=skipped,
            certificates=None if dry_run else cert_dir,
        )
    except KubeadmError as error:
        _fail(str(error))
    settings = replace(_settings(configuration, None if dry_run else data, seed), dataplane=dataplane, ingress=ingress)
    if dry_run:
        _try(configuration, settings)
    else:
        _serve(configuration, settings, host=host, port=port, dns=dns, verbose=verbose)


def _settings(configuration: InitConfiguration, data: Path | None, seed: int | None) -> Settings:
    from fauxkube.cluster.settings import Settings, SettingsError
    from fauxkube.registry.pools import Ranges

    _check_name(configuration.node_name)
    cidr = configuration.pod_subnet
    ranges = Ranges(service_cidr=configuration.service_subnet, node_blocks=bool(cidr))
    try:
        return Settings(
            nodes=0,
            data=data,
            kubernetes_version=".".join(configuration.version.removeprefix("v").split(".")[:2]),
            ranges=replace(ranges, cluster_cidr=cidr) if cidr else ranges,
            network="none",
            seed=seed,
        )
    except SettingsError as error:
        _fail(str(error))


def _check_name(node: str) -> None:
    from fauxkube.machinery.names import dns_subdomain_problems

    if problems := dns_subdomain_problems(node):
        _fail(f"--node-name: {problems[0]}")


def _try(configuration: InitConfiguration, settings: Settings) -> None:
    """Initialize a cluster that nobody reaches and that is forgotten."""
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.cluster.kubeadm.init import Beginning
    from fauxkube.cluster.kubeadm.tokens import KubeadmError

    async def initialize() -> None:
        cluster = Cluster(settings)
        try:
            await cluster.start()
            await Beginning(configuration, typer.echo).initialize(cluster, DEFAULT_URL)
        finally:
            await cluster.close()

    _run(initialize, KubeadmError)
    typer.echo("[dryrun] Finished dry-running successfully: nothing was kept, and nothing is served")


def _serve(configuration: InitConfiguration, settings: Settings, **listening: Any) -> None:
    from fauxkube.cluster.kubeadm.init import Beginning
    from fauxkube.cluster.kubeadm.phases import success

    beginning = Beginning(configuration, typer.echo)

    def announce(ready: Announced) -> None:
        tell_of(ready)
        typer.echo(success(ready.url, beginning.command))

    run(settings, beginning, announce, clusters=CLUSTERS, **listening)


def join(
    endpoint: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where the API is served.")],
    *,
    token: Annotated[str, typer.Option(help="The bootstrap token.")],
    discovery_token_ca_cert_hash: Annotated[
        list[str] | None, typer.Option(help="The hash that the cluster's authority must have: sha256:...")
    ] = None,
    discovery_token_unsafe_skip_ca_verification: Annotated[
        bool, typer.Option("--discovery-token-unsafe-skip-ca-verification", help="Trust any authority.")
    ] = False,
    node_name: Annotated[str, typer.Option(help="The node's name; else the next of node-1, node-2, ...")] = "",
    control_plane: Annotated[
        bool, typer.Option("--control-plane", help="Not supported: the server is all of the control plane.")
    ] = False,
) -> None:
    """Join a node to a cluster that was initialized: discovery, a certificate by the token, registration."""
    from fauxkube.cluster.kubeadm.join import JOINED, JoinConfiguration
    from fauxkube.cluster.kubeadm.join import join as join_cluster
    from fauxkube.cluster.kubeadm.tokens import KubeadmError
    from fauxkube.kit.chance import Chance
    from fauxkube.machinery.status import StatusError

    if control_plane:
        _fail("--control-plane is not supported: the server is all of the control plane, only workers join")
    if node_name:
        _check_name(node_name)
    configuration = JoinConfiguration(
        url=endpoint.rstrip("/") if "://" in endpoint else f"http://{endpoint.rstrip('/')}",
        token=_discovery_token(token),
        hashes=_hashes(discovery_token_ca_cert_hash or [], unsafe=discovery_token_unsafe_skip_ca_verification),
        node_name=node_name,
    )
    _run(lambda: join_cluster(configuration, typer.echo, Chance()), KubeadmError, StatusError)
    typer.echo(JOINED, nl=False)


def _discovery_token(text: str) -> Token:
    from fauxkube.access.bootstrap_tokens import parse

    token = parse(text)
    if token is None:
        _fail(f'discovery.bootstrapToken.token: Invalid value: "{text}": the bootstrap token is invalid')
    return token


def _hashes(given: list[str], *, unsafe: bool) -> list[str]:
    for each in given:
        kind, _, digits = each.partition(":")
        if kind != "sha256" or len(digits) != 64 or set(digits.lower()) - set("0123456789abcdef"):
            _fail(f'discovery.bootstrapToken.caCertHashes: Invalid value: "{each}": must be of the form sha256:<hex>')
    if not given and not unsafe:
        _fail(
            'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be '
            "unsafe. Pass --discovery-token-unsafe-skip-ca-verification to continue"
        )
    return [] if unsafe else [each.lower() for each in given]


@tokens.command("create")
def create_token(
    token: Annotated[str, typer.Argument(help="The token, abcdef.0123456789abcdef; else one is drawn.")] = "",
    *,
    ttl: Annotated[str, typer.Option(help="How long the token is good: 24h, 90m; 0 is for ever.")] = "24h",
    usages: Annotated[str, typer.Option(help="What the token is for.")] = "signing,authentication",
    groups: Annotated[str, typer.Option(help="The groups of who has it.")] = (
        "system:bootstrappers:kubeadm:default-node-token"
    ),
    description: Annotated[str, typer.Option(help="What people are told of it.")] = "",
    print_join_command: Annotated[
        bool, typer.Option("--print-join-command", help="Print the whole command that a node joins with.")
    ] = False,
    server: Server = DEFAULT_URL,
) -> None:
    """Make a bootstrap token, and print it."""
    from fauxkube.access.bootstrap_tokens import Terms, draw
    from fauxkube.cluster.kubeadm.tokens import create, join_command, parse
    from fauxkube.kit.chance import Chance

    length = _length(ttl)

    async def work(client: Client) -> str:
        made = parse(token) if token else draw(Chance())
        terms = Terms(
            expires=None if length is None else _now(server) + length,
            usages=[each for each in usages.split(",") if each],
            groups=[each for each in groups.split(",") if each],
            description=description,
        )
        await create(client, made, terms)
        return await join_command(client, made) if print_join_command else str(made)

    typer.echo(_asking(server, work))


@tokens.command("list")
def list_tokens(server: Server = DEFAULT_URL) -> None:
    """List the bootstrap tokens that there are."""
    from fauxkube.cluster.kubeadm.tokens import listed

    typer.echo(_asking(server, lambda client: listed(client, _now(server))))


@tokens.command("delete")
def delete_tokens(
    token: Annotated[list[str], typer.Argument(help="Tokens, or their IDs.")], server: Server = DEFAULT_URL
) -> None:
    """Delete bootstrap tokens."""
    from fauxkube.cluster.kubeadm.tokens import delete

    for each in token:
        typer.echo(f'bootstrap token "{_asking(server, partial(delete, text=each))}" deleted')


def _asking(server: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """What comes of some requests to the server."""
    from fauxkube.client.http import HttpClient
    from fauxkube.cluster.kubeadm.tokens import KubeadmError
    from fauxkube.machinery.status import StatusError

    async def ask() -> T:
        client = HttpClient(server, user_agent="kubeadm")
        try:
            return await work(client)
        finally:
            await client.close()

    return _run(ask, KubeadmError, StatusError)


def _run(work: Callable[[], Awaitable[T]], *expected: type[Exception]) -> T:
    """Run to the end; what was to be expected ends the command with code 1."""
    import asyncio

    async def main() -> T:
        return await work()

    try:
        return asyncio.run(main())
    except expected as error:
        _fail(str(error), code=1)


def _now(server: str) -> datetime:
    """The cluster's time, by which its tokens end."""
    return datetime.fromisoformat(ask(server, "clock")["now"])


def _length(text: str) -> timedelta | None:
    """A length of time as kubeadm takes it; None for one without end, which 0 stands for."""
    seconds = 0.0 if text == "0" else seconds_of(text)
    return timedelta(seconds=seconds) if seconds else None


def _release(version: str) -> str:
    """`v1.36.0` of `1.36`, `v1.36` or itself."""
    plain = version.removeprefix("v")
    return f"v{plain}" if plain.count(".") > 1 else f"v{plain}.0"


def _fail(message: str, *, code: int = 2) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
