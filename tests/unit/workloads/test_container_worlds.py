"""What programs find in a container: its environment, files, users, as its pod says; and what is kept of writes."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from support.networks import network, node, pod, service
from support.simulated_containers import Box, Ran

_SETTINGS = {
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default"},
    "data": {"COLOR": "blue", "app.conf": "mode=test\n", "SIZE": "3"},
    "binaryData": {"raw": base64.b64encode(b"\x00\xff").decode()},
}
_PASSWORD = {
    "kind": "Secret",
    "metadata": {"name": "password", "namespace": "default"},
    "data": {"PASSWORD": base64.b64encode(b"s3cret").decode()},
}
_OBJECTS = {
    ("configmaps", "default", "settings"): _SETTINGS,
    ("secrets", "default", "password"): _PASSWORD,
    ("nodes", "", "node-1"): {"status": {"allocatable": {"cpu": "8", "memory": "32Gi"}}},
}


def _pod(container: Object | None = None, **spec: Any) -> Object:
    made = pod("web", "10.244.1.9", labels={"app": "web", "tier": "front"}, **spec)
    made["metadata"] |= {"uid": "u-1", "annotations": {"note": 'say "hi"'}, "resourceVersion": "1"}
    made["spec"]["serviceAccountName"] = "robot"
    made["status"] |= {"hostIP": "172.18.0.11", "startTime": "2026-01-01T00:00:00Z"}
    made["spec"]["containers"][0] |= container or {}
    return made


def _box(container: Object | None = None, **spec: Any) -> Box:
    return Box(_pod(container, **spec), objects=dict(_OBJECTS))


def _run(script: str, container: Object | None = None, **spec: Any) -> Ran:
    return asyncio.run(_box(container, **spec).run(script))


def _from(**source: Any) -> Object:
    return {"name": "X", "valueFrom": source}


@pytest.mark.parametrize(
    ("env", "value"),
    [
        ([_from(fieldRef={"fieldPath": "metadata.name"})], "web"),
        ([_from(fieldRef={"fieldPath": "metadata.namespace"})], "default"),
        ([_from(fieldRef={"fieldPath": "metadata.uid"})], "u-1"),
        ([_from(fieldRef={"fieldPath": "metadata.labels['tier']"})], "front"),
        ([_from(fieldRef={"fieldPath": "metadata.annotations['note']"})], 'say "hi"'),
        ([_from(fieldRef={"fieldPath": "spec.nodeName"})], "node-1"),
        ([_from(fieldRef={"fieldPath": "spec.serviceAccountName"})], "robot"),
        ([_from(fieldRef={"fieldPath": "status.podIP"})], "10.244.1.9"),
        ([_from(fieldRef={"fieldPath": "status.hostIP"})], "172.18.0.11"),
        ([_from(resourceFieldRef={"resource": "limits.cpu"})], "2"),
        ([_from(resourceFieldRef={"resource": "requests.cpu", "divisor": "1m"})], "1500"),
        ([_from(resourceFieldRef={"resource": "limits.memory", "divisor": "1Mi"})], "32768"),
        ([_from(configMapKeyRef={"name": "settings", "key": "COLOR"})], "blue"),
        ([_from(secretKeyRef={"name": "password", "key": "PASSWORD"})], "s3cret"),
        ([_from(configMapKeyRef={"name": "settings", "key": "none", "optional": True})], None),
        ([_from(configMapKeyRef={"name": "nowhere", "key": "COLOR"})], None),
        ([{"name": "A", "value": "1"}, {"name": "X", "value": "$(A)-$$(A)-$(NO)-$"}], "1-$(A)-$(NO)-$"),
        ([{"name": "X", "value": "$(A)"}, {"name": "A", "value": "1"}], "$(A)"),
        ([{"name": "X", "value": "$(COLOR)$(SHOP_SERVICE_HOST)"}], "blue10.96.0.7"),
        ([{"name": "X", "value": "1"}, {"name": "X", "value": "2"}], "2"),
        ([{"name": "X"}], ""),
    ],
)
def test_a_variable_has_the_value_that_the_kubelet_gives_it(env: list[Object], value: str | None) -> None:
    container = {
        "env": env,
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "resources": {"limits": {"cpu": "1600m"}, "requests": {"cpu": "1500m"}},
    }
    made = _pod(container)
    topology = network(nodes=[node(1)], pods=[made], services=[service("shop", "10.96.0.7")])
    ran = asyncio.run(Box(made, topology, objects=_OBJECTS).run("printenv", "X"))
    assert (ran.out, ran.code) == ((f"{value}\n", 0) if value is not None else ("", 1))


def test_whole_config_maps_and_secrets_become_variables_with_a_prefix_if_one_is_given() -> None:
    sources = [{"configMapRef": {"name": "settings"}}, {"prefix": "DB_", "secretRef": {"name": "password"}}]
    lines = _run("env", {"envFrom": [*sources, {"configMapRef": {"name": "nowhere"}}]}).out.splitlines()
    assert {"COLOR=blue", "SIZE=3", "app.conf=mode=test", "DB_PASSWORD=s3cret"} <= set(lines)


def test_the_environment_begins_with_what_the_runtime_sets() -> None:
    assert _run("env").out.splitlines()[:3] == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=web",
        "HOME=/root",
    ]


def test_services_that_came_after_the_container_started_are_not_in_its_environment() -> None:
    made = _pod()
    made["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": "2026-01-01T00:00:10Z"}}
    before, after = service("before", "10.96.0.7"), service("after", "10.96.0.8")
    before["metadata"]["creationTimestamp"] = "2026-01-01T00:00:10Z"
    after["metadata"]["creationTimestamp"] = "2026-01-01T00:00:11Z"
    topology = network(nodes=[node(1)], pods=[made], services=[before, after])
    assert asyncio.run(Box(made, topology).run("env | grep SERVICE_HOST")).out == "BEFORE_SERVICE_HOST=10.96.0.7\n"


def test_the_environment_does_not_change_while_the_container_runs() -> None:
    async def run() -> str:
        box = _box({"envFrom": [{"configMapRef": {"name": "settings"}}]})
        before = (await box.run("printenv COLOR")).out
        box.objects["configmaps", "default", "settings"] = _SETTINGS | {"data": {"COLOR": "green"}}
        return before + (await box.run("printenv COLOR")).out

    assert asyncio.run(run()) == "blue\nblue\n"


def _mounted(volume: Object, **mount: Any) -> tuple[Object, list[Object]]:
    return {"volumeMounts": [{"name": "v", "mountPath": "/v", **mount}]}, [{"name": "v", **volume}]


@pytest.mark.parametrize(
    ("volume", "script", "out"),
    [
        ({"configMap": {"name": "settings"}}, "ls /v; cat /v/app.conf", "COLOR\nSIZE\napp.conf\nraw\nmode=test\n"),
        ({"configMap": {"name": "settings"}}, "wc -c < /v/raw; readlink /v/COLOR", "2\n..data/COLOR\n"),
        ({"configMap": {"name": "settings", "items": [{"key": "COLOR", "path": "a/b"}]}}, "cat /v/a/b", "blue"),
        ({"configMap": {"name": "nowhere", "optional": True}}, "ls /v", ""),
        ({"secret": {"secretName": "password"}}, "cat /v/PASSWORD", "s3cret"),
        (
            {"secret": {"secretName": "password", "defaultMode": 0o400}},
            "ls -lL /v | tail -1 | cut -c1-10",
            "-r--------\n",
        ),
        (
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            "cat /v/labels",
            'app="web"\ntier="front"',
        ),
        (
            {"downwardAPI": {"items": [{"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations"}}]}},
            "cat /v/notes",
            'note="say \\"hi\\""',
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "settings", "items": [{"key": "SIZE", "path": "size"}]}},
                        {"secret": {"name": "password"}},
                        {"downwardAPI": {"items": [{"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
                    ]
                }
            },
            "cd /v; ls; cat ns",
            "PASSWORD\nns\nsize\ndefault",
        ),
        ({"emptyDir": {}}, "echo hi > /v/a; cat /v/a; ls -d /v", "hi\n/v\n"),
        ({"hostPath": {"path": "/data"}}, "ls -a /v; touch /v/a; ls /v", ".\n..\na\n"),
    ],
)
def test_a_volume_shows_what_it_is_made_of(volume: Object, script: str, out: str) -> None:
    container, volumes = _mounted(volume)
    ran = _run(script, container, volumes=volumes)
    assert (ran.out, ran.err) == (out, "")


def test_computed_and_read_only_mounts_take_no_writes() -> None:
    container, volumes = _mounted({"configMap": {"name": "settings"}})
    assert "Read-only file system" in _run("echo x > /v/COLOR", container, volumes=volumes).err
    container, volumes = _mounted({"emptyDir": {}}, readOnly=True)
    assert "Read-only file system" in _run("echo x > /v/a", container, volumes=volumes).err
    assert "Read-only file system" in _run("echo x > /a", {"securityContext": {"readOnlyRootFilesystem": True}}).err


def test_a_sub_path_is_mounted_by_itself() -> None:
    container, volumes = _mounted({"configMap": {"name": "settings"}}, subPath="app.conf", mountPath="/etc/app.conf")
    assert _run("cat /etc/app.conf; ls /etc | grep -c .", container, volumes=volumes).out == "mode=test\n7\n"
    mount = {"subPathExpr": "$(COLOR)", "mountPath": "/v"}
    container, volumes = _mounted({"emptyDir": {}}, **mount)
    container["env"] = [{"name": "COLOR", "value": "red"}]
    container["volumeMounts"].append({"name": "v", "mountPath": "/whole"})
    assert _run("touch /v/a; ls /whole/red", container, volumes=volumes).out == "a\n"


def test_a_changed_config_map_is_seen_while_a_program_runs() -> None:
    async def run() -> str:
        container, volumes = _mounted({"configMap": {"name": "settings"}})
        box = _box(container, volumes=volumes)
        before = (await box.run("cat /v/COLOR")).out
        box.objects["configmaps", "default", "settings"] = _SETTINGS | {"data": {"COLOR": "green"}}
        return before + (await box.run("cat /v/COLOR; ls /v")).out

    assert asyncio.run(run()) == "bluegreenCOLOR\nraw\n"


def test_what_is_written_stays_until_the_container_ends_and_in_volumes_until_the_pod_goes() -> None:
    async def run() -> list[str]:
        container, volumes = _mounted({"emptyDir": {}})
        box = _box(container, volumes=volumes)
        await box.run("echo 1 > /tmp/a; echo 2 > /v/b")
        seen = [(await box.run("cat /tmp/a /v/b")).out]
        restarted = _with_id(box.pod, "containerd://two")
        box.runs.see(box.pod, restarted)
        box.pod = restarted
        seen.append((await box.run("cat /tmp/a; cat /v/b")).out)
        box.runs.see(restarted, None)
        seen.append((await box.run("ls /v")).out)
        return seen

    assert asyncio.run(run()) == ["1\n2\n", "2\n", ""]


def _with_id(pod: Object, id: str) -> Object:
    [status] = pod["status"]["containerStatuses"]
    return pod | {"status": pod["status"] | {"containerStatuses": [status | {"containerID": id}]}}


@pytest.mark.parametrize(
    ("of_pod", "own", "out"),
    [
        ({}, {}, "uid=0(root) gid=0(root) groups=0(root)\nroot\n/root\n"),
        ({"runAsUser": 1000}, {}, "uid=1000 gid=0(root) groups=0(root)\n1000\n/\n"),
        ({"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000}, {}, "uid=1000 gid=3000 groups=3000,2000\n1000\n/\n"),
        ({"runAsUser": 1000}, {"runAsUser": 65534}, "uid=65534(nobody) gid=0(root) groups=0(root)\nnobody\n/\n"),
    ],
)
def test_programs_run_as_the_user_of_the_security_context(of_pod: Object, own: Object, out: str) -> None:
    ran = _run("id; id -un; echo $HOME", {"securityContext": own}, securityContext=of_pod)
    assert ran.out == out


def test_who_is_not_root_writes_where_everybody_may() -> None:
    ran = _run("echo a > /tmp/a && cat /tmp/a; echo b > /b; cat /root/x; whoami", securityContext={"runAsUser": 1000})
    assert ran.out == "a\n"
    assert ran.err.splitlines() == [
        "sh: can't create /b: Permission denied",
        "cat: can't open '/root/x': No such file or directory",
        "whoami: unknown uid 1000",
    ]


def test_the_pods_names_are_those_that_the_kubelet_writes() -> None:
    spec = {"hostname": "db-0", "subdomain": "db", "hostAliases": [{"ip": "10.1.2.3", "hostnames": ["old"]}]}
    ran = _run("hostname; hostname -f; cat /etc/hostname; tail -4 /etc/hosts; getent hosts old", **spec)
    assert ran.out == (
        "db-0\ndb-0.db.default.svc.cluster.local\ndb-0\n"
        "10.244.1.9\tdb-0.db.default.svc.cluster.local\tdb-0\n\n# Entries added by HostAliases.\n10.1.2.3\told\n"
        "10.1.2.3        old\n"
    )
    assert (
        _run("hostname", hostname="a", subdomain="b", setHostnameAsFQDN=True).out == "a.b.default.svc.cluster.local\n"
    )


def test_lines_that_somebody_adds_to_the_hosts_file_count() -> None:
    assert _run("echo '10.9.9.9 mine' >> /etc/hosts; getent hosts mine").out == "10.9.9.9        mine\n"


def test_the_first_process_is_the_containers_own_program() -> None:
    container = {"command": ["/app", "--port"], "args": ["80"], "workingDir": "/srv"}
    ran = _run("tr '\\0' ' ' < /proc/1/cmdline; echo; ps | head -2 | tail -1; cat /proc/1/comm; pwd", container)
    assert ran.out == "/app --port 80 \n    1 root      0:00 /app --port 80\napp\n/srv\n"


def test_files_are_bounded() -> None:
    ran = _run("yes 0123456789 | head -c 6000000 > /tmp/a; for i in 1 2 3; do cat /tmp/a > /tmp/$i || echo full; done")
    assert ran.out == "full\nfull\n"
    assert "No space left on device" in ran.err


@pytest.mark.parametrize(
    ("script", "out", "err"),
    [
        ("mkdir /tmp/a/b", "", "mkdir: can't create directory '/tmp/a/b': No such file or directory\n"),
        ("mkdir -p /tmp/a/b && ls /tmp/a", "b\n", ""),
        ("mkdir /tmp", "", "mkdir: can't create directory '/tmp': File exists\n"),
        ("rmdir /etc", "", "rmdir: '/etc': Directory not empty\n"),
        ("rm /etc", "", "rm: can't remove '/etc': Is a directory\n"),
        ("rm /none; rm -f /none", "", "rm: can't remove '/none': No such file or directory\n"),
        ("mkdir -p /tmp/a/b; touch /tmp/a/b/c; rm -r /tmp/a; ls /tmp", "", ""),
        ("cd /tmp; echo 1 > a; cp a b; mv a c; cat b c; ls", "1\n1\nb\nc\n", ""),
        ("cd /tmp; mkdir d; echo 1 > d/a; cp -r d e; cat e/a; cp d f", "1\n", "cp: omitting directory 'd'\n"),
        ("ln -s /etc/hostname /tmp/h; cat /tmp/h; readlink /tmp/h", "web\n/etc/hostname\n", ""),
        (
            "ln -s b /tmp/a; ln -s a /tmp/b; cat /tmp/a",
            "",
            "cat: can't open '/tmp/a': Too many levels of symbolic links\n",
        ),
        ("cat /etc; ls /none", "", "cat: read error: Is a directory\nls: /none: No such file or directory\n"),
        (
            "echo 'echo run $1' > /tmp/s; /tmp/s; chmod +x /tmp/s; /tmp/s it",
            "run it\n",
            "sh: /tmp/s: Permission denied\n",
        ),
        (
            "cd /tmp; touch a.txt b.txt .c; echo *; echo *.txt .*; ls -a",
            "a.txt b.txt\na.txt b.txt .c\n.\n..\n.c\na.txt\nb.txt\n",
            "",
        ),
        ("find /etc -name 'h*' -type f; ls -d /etc/../tmp/.", "/etc/hostname\n/etc/hosts\n/etc/../tmp/.\n", ""),
        ("echo x > /none/y", "", "sh: can't create /none/y: nonexistent directory\n"),
        ("cat < /none", "", "sh: can't open /none: no such file\n"),
        (
            "echo abc | base64; echo YWJj | base64 -d; echo; echo a | md5sum",
            "YWJjCg==\nabc\n60b725f10c9c85c70d97880dfe8191b3  -\n",
            "",
        ),
        ("grep COLOR /none", "", "grep: /none: No such file or directory\n"),
        ("grep '[' /etc/hosts", "", "grep: bad regex: Unmatched [, [^, [:, [., or [=\n"),
        (
            "ls -z; head -z; sleep x",
            "",
            "ls: invalid option -- 'z'\nhead: invalid option -- 'z'\nsleep: invalid number 'x'\n",
        ),
        ("which cat curl nosuch; command -v ls cd", "/bin/cat\n/usr/bin/curl\n/bin/ls\ncd\n", ""),
        ("nosuch; /nosuch; ./nosuch", "", "sh: nosuch: not found\nsh: /nosuch: not found\nsh: ./nosuch: not found\n"),
        ("echo a & echo b", "", "sh: fauxkube runs nothing in the background: leave '&' out\n"),
        ("echo $((1/0))", "", "sh: divide by zero\n"),
        ("if", "", 'sh: syntax error: unexpected end of file (expecting "then")\n'),
        ("echo 'abc", "", "sh: syntax error: unterminated quoted string\n"),
        ("f() { f; }; f", "", "sh: fauxkube: too many shells and functions within each other\n"),
        ("xargs -n1 echo '>' <<E\na b\nE\nenv -i A=1 env", "> a\n> b\nA=1\n", ""),
        ("timeout 0.05 sleep 100; echo $?", "143\n", ""),
        ("seq 30000 | sort -rn | sort -n | tail -n 2; seq 20000 | sort -r | tail -n 1", "29999\n30000\n1\n", ""),
        (
            "printf 'b\\fx\\na' > /tmp/l; sort /tmp/l; cat -n /tmp/l; sed -n '$p' /tmp/l",
            "a\nb\fx\n     1\tb\fx\n     2\taa\n",
            "",
        ),
        (
            f"echo {'a' * 60} | grep -E '(a|aa)+b'; echo $?",
            "2\n",
            "grep: fauxkube: the pattern takes too long to match\n",
        ),
        (
            f"echo {'a' * 60} | sed -E 's/(a|aa)+b/x/'; expr {'a' * 60} : '\\(a|aa\\)+b'",
            "",
            "sed: fauxkube: the pattern takes too long to match\nexpr: fauxkube: the pattern takes too long to match\n",
        ),
        (
            "x=0123456789; for i in $(seq 13); do x=$x$x; done; echo ${x#*z}",
            "",
            "sh: fauxkube matches no text of more than 65536 characters\n",
        ),
        (
            "x=0; for i in $(seq 21); do x=$x$x; done; a=$x; b=$x; c=$x; d=$x",
            "",
            "sh: fauxkube: the variables hold more than 8388608 characters\n",
        ),
        (
            "x=0; for i in $(seq 19); do x=$x$x; done; eval $x",
            "",
            "sh: fauxkube: a script has no more than 262144 characters\n",
        ),
        ("x=$(yes); echo $?", "2\n", "sh: fauxkube: a command substitution prints more than 1048576 bytes\n"),
    ],
)
def test_programs_say_what_busybox_says(script: str, out: str, err: str) -> None:
    ran = _run(script)
    assert (ran.out, ran.err) == (out, err)
