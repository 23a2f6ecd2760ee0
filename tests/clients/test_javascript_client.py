"""The official JavaScript client on one cluster of many: list, create, watch, and an informer."""

from __future__ import annotations

from pathlib import Path

from support.clusters import OURS, cluster_of
from support.javascript import run_script

SCRIPT = """\
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'default';

const nodes = await core.listNode();
console.log('nodes', nodes.items.map((node) => node.metadata.name).join(' '));

const informer = k8s.makeInformer(
  config, '/api/v1/namespaces/default/configmaps', () => core.listNamespacedConfigMap({ namespace }));
const told = (event) => new Promise((resolve) => informer.on(event, resolve));
const [added, updated, deleted] = [told('add'), told('update'), told('delete')];
informer.on('error', () => {});
await informer.start();
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' }, data: { colour: 'red' } } });
console.log('added', (await added).data.colour);
await core.replaceNamespacedConfigMap(
  { namespace, name: 'a', body: { metadata: { name: 'a' }, data: { colour: 'blue' } } });
console.log('updated', (await updated).data.colour, informer.get('a', namespace).data.colour);
await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
console.log('deleted', (await deleted).metadata.name);
await informer.stop();

let seen;
const running = new Promise((resolve) => seen = resolve);
const watch = await new k8s.Watch(config).watch('/api/v1/namespaces/default/pods', {}, (type, pod) => {
  if (pod.status.phase === 'Running') seen(pod);
}, () => {});
await core.createNamespacedPod(
  { namespace, body: { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } });
console.log('runs', (await running).metadata.name);
watch.abort();

try {
  await core.readNamespacedPod({ namespace, name: 'nobody' });
} catch (error) {
  console.log('refused', error.code, JSON.parse(error.body).reason);
}
"""

PRINTED = """\
nodes node-1 node-2 node-3
added red
updated blue blue
deleted a
runs web
refused 404 NotFound
"""


def test_the_javascript_client_lists_writes_watches_and_informs(shared_server: str, tmp_path: Path) -> None:
    with cluster_of(shared_server) as cluster:
        kubeconfig = cluster.get(f"{OURS}/kubeconfig").text
        assert run_script(SCRIPT, tmp_path, kubeconfig) == PRINTED
        agents = {each["userAgent"] for each in cluster.get(f"{OURS}/requests", params={"verb": "create"}).json()}
        assert all("node" in agent for agent in agents)
