"""Writes the reference pages out of the code: commands from Typer, our HTTP API from FastAPI, kinds from the catalogue.

Run by mkdocs (`gen-files`) each time the site is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mkdocs_gen_files
import typer
from fauxkube.server.own.app import create_app

from fauxkube.cli import app
from fauxkube.kinds.catalogue import default_catalogue


def cli() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield "# Command line\n"
    root: Any = typer.main.get_command(app)
    yield from _command(root, "fauxkube")


def _command(command: Any, name: str) -> Iterator[str]:
    children: dict[str, Any] = getattr(command, "commands", {})
    if not children:
        yield f"\n## `{name}`\n\n{command.help or ''}\n"
        yield from _parameters(command)
    for child in children.values():
        yield from _command(child, f"{name} {child.name}")


def _parameters(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]
    if shown:
        yield "\n| | default | |\n| --- | --- | --- |\n"
    for each in shown:
        names = ", ".join(f"`{name}`" for name in (*each.opts, *each.secondary_opts))
        if each.param_type_name == "argument":
            names = f"`{each.human_readable_name}`"
        default = "" if each.default in (None, ...) or callable(each.default) else f"`{each.default}`"
        yield f"| {names} | {default} | {getattr(each, 'help', None) or ''} |\n"


def http() -> Iterator[str]:
    """Every endpoint under the reserved prefix."""
    document = create_app().openapi()
    yield "# HTTP, beside Kubernetes'\n\n"
    yield f"{document['info']['description']}\n\nA running server shows this with forms to try it at `/docs`.\n"
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            text = "".join(_operation(method.upper(), path, operation))
            groups.setdefault((operation.get("tags") or ["other"])[0], []).append(text)
    for group, operations in groups.items():
        yield f"\n## {group.capitalize()}\n" + "".join(operations)


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"\n### `{method} {path}`\n\n{operation.get('description') or operation.get('summary', '')}\n"
    for each in operation.get("parameters", ()):
        needed = ", required" if each.get("required") else ""
        yield f"\n- `{each['name']}` ({each['in']}{needed}): {each.get('description', '')}"
    yield "\n"


def kinds() -> Iterator[str]:
    """Every resource that is served."""
    yield "# Kinds\n\n| resource | kind | group, version | verbs | subresources |\n| --- | --- | --- | --- | --- |\n"
    for resource in default_catalogue().resources:
        version = f"{resource.group}/{resource.version}".lstrip("/")
        names = ", ".join(f"`{name}`" for name in (resource.plural, *resource.short_names))
        below = ", ".join(resource.subresources)
        yield f"| {names} | {resource.kind} | {version} | {', '.join(resource.verbs)} | {below} |\n"


for name, page in {"cli": cli, "http": http, "kinds": kinds}.items():
    with mkdocs_gen_files.open(f"reference/{name}.md", "w") as file:
        file.writelines(page())
