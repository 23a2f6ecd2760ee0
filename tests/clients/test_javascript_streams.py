"""The official JavaScript client's exec, attach, port-forward and logs, against containers of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path

from support.javascript import run_script
from support.upgrades import streamed

SCRIPT = """\
import net from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromDefault();

const sink = () => {
  const chunks = [];
  const stream = new Writable({ write(chunk, _, done) { chunks.push(chunk); done(); } });
  return { stream, text: () => Buffer.concat(chunks).toString() };
};
const run = (command, input) => new Promise((resolve, reject) => {
  const [out, err] = [sink(), sink()];
  const stdin = input === undefined ? null : new PassThrough();
  new k8s.Exec(config)
    .exec('default', 'web', 'web', command, out.stream, err.stream, stdin, false,
      (status) => resolve([out.text(), err.text(), status.status, status.details?.causes?.[0]?.message]))
    .then(() => stdin?.end(input))
    .catch(reject);
});
console.log(JSON.stringify(await run(['echo', 'two words'])));
console.log(JSON.stringify(await run(['exit', '3'])));

const forward = new k8s.PortForward(config);
const server = net.createServer((socket) => forward.portForward('default', 'web', [80], socket, null, socket));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const echoed = await new Promise((resolve) => {
  const socket = net.connect(server.address().port, '127.0.0.1', () => socket.write('ping'));
  socket.on('data', (data) => { socket.end(); resolve(data.toString()); });
});
console.log(JSON.stringify(echoed));
server.close();

const log = sink();
await new k8s.Log(config).log('default', 'web', 'web', log.stream, { tailLines: 3 });
await new Promise((resolve) => log.stream.on('finish', resolve));
console.log(JSON.stringify(log.text()));
process.exit(0);
"""


def test_programs_run_ports_are_forwarded_and_logs_are_read(tmp_path: Path) -> None:
    with streamed() as server:
        cluster = {"name": "it", "cluster": {"server": server.url, "insecure-skip-tls-verify": True}}
        context = {"name": "it", "context": {"cluster": "it", "user": "it"}}
        kubeconfig = {"clusters": [cluster], "contexts": [context], "users": [{"name": "it"}], "current-context": "it"}
        told = [json.loads(line) for line in run_script(SCRIPT, tmp_path, json.dumps(kubeconfig)).splitlines()]
    assert told == [
        ["two words\n", "", "Success", None],
        ["", "going\n", "Failure", "3"],
        "ping",
        "one\ntwo\nthree\n",
    ]
