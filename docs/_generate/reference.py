"""Writes the reference pages out of the code: commands from Typer, our HTTP API from FastAPI, kinds from the catalogue.

Run by mkdocs (`gen-files`) each time the site is built.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mkdocs_gen_files
import typer

sys.path.insert(0, str(Path(__file__).parents[2] / "app"))

from fauxkube.cli import app
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.server.own.app import create_app


def cli() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield "# Command line\n"
    root: Any = typer.main.get_command(app)
    yield from _command(root, "fauxkube")


def _command(command: Any, name: str) -> Iterator[str]:
    """A command, or all of a group's."""
    children: dict[str, Any] = getattr(command, "commands", {})
    if not children:
        yield f"\n## `{name}`\n\n{command.help or ''}\n"
        yield from _parameters(command)
    for called, child in children.items():
        yield from _command(child, f"{name} {called}")


def _parameters(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]
    if shown:
        yield "\n| | default | |\n| --- | --- | --- |\n"
    for each in shown:
        yield _row(_names(each), _default(each), _escaped(getattr(each, "help", None) or ""))


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    default = parameter.default
    if default in (None, "", False, ...) or callable(default):
        return "required" if parameter.required else ""
    return f"`{default}`"


def http() -> Iterator[str]:
    """Every endpoint under the reserved prefix."""
    document = create_app().openapi()
    yield f"# HTTP, beside Kubernetes'\n\n{document['info']['description'].strip()}\n\n"
    yield "A running server shows this at `/docs`, with forms to try it.\n"
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            text = "".join(_operation(method.upper(), path, operation, document))
            groups.setdefault((operation.get("tags") or ["other"])[0], []).append(text)
    for group, operations in groups.items():
        yield f"\n## {group.capitalize()}\n" + "".join(operations)


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    yield f"\n### `{method} {path}`\n\n{operation.get('description') or operation.get('summary', '')}\n"
    fields = [*_query(operation), *_body(operation, document)]
    if fields:
        yield "\n| | in | |\n| --- | --- | --- |\n"
        yield from fields


def _query(operation: dict[str, Any]) -> Iterator[str]:
    """A row for each parameter in the path or the query."""
    for each in operation.get("parameters", ()):
        schema = each.get("schema") or {}
        yield _field(each["name"], each["in"], bool(each.get("required")), each | {"examples": schema.get("examples")})


def _body(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """A row for each field of a JSON body that has a model."""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        if media == "application/json":
            yield from _fields(content["schema"], document, "")


def _fields(schema: dict[str, Any], document: dict[str, Any], prefix: str) -> Iterator[str]:
    schema = _resolved(schema, document)
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(field, document)
        if "properties" in inner:
            yield from _fields(inner, document, f"{prefix}{name}.")
        else:
            yield _field(f"{prefix}{name}", "body", name in schema.get("required", ()), field)


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to, also where it is one of several possibilities."""
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            found: dict[str, Any] = document["components"]["schemas"][each["$ref"].rpartition("/")[2]]
            return found
    return schema


def _field(name: str, place: str, required: bool, told: dict[str, Any]) -> str:
    said = [told.get("description") or ""]
    if examples := told.get("examples"):
        said.append(f"Such as `{examples[0]}`.")
    return _row(f"`{name}`", f"{place}, required" if required else place, _escaped(" ".join(filter(None, said))))


def kinds() -> Iterator[str]:
    """Every resource that is served."""
    yield "# Kinds\n\nWhat Kubernetes has and fauxkube has not is listed under [Fidelity](../fidelity.md#kinds).\n\n"
    yield _row("resource", "kind", "group, version", "verbs", "subresources") + _row(*["---"] * 5)
    for resource in default_catalogue().resources:
        names = ", ".join(f"`{name}`" for name in (resource.plural, *resource.short_names))
        yield _row(
            names, resource.kind, resource.api_version, ", ".join(resource.verbs), ", ".join(resource.subresources)
        )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    """Text that a table's cell can hold."""
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], Iterator[str]]] = {"cli": cli, "http": http, "kinds": kinds}

for name, page in PAGES.items():
    with mkdocs_gen_files.open(f"reference/{name}.md", "w") as file:
        file.writelines(page())
