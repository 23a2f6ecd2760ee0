"""The tables of the documentation are complete: the pytest plugin's, the faults', the strict rules', the criteria's."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from fauxkube.simulation.faults.families import families
from fauxkube.simulation.requests.criteria import Asked
from fauxkube.simulation.strictness.rules import RULES
from support.documents import ROOT, section, text_of

PYTEST = text_of("docs/reference/pytest.md")
FAULTS = text_of("docs/guides/faults.md")
REQUESTS = text_of("docs/guides/requests.md")


def _first_cells(text: str) -> list[str]:
    """What stands in backticks in the first cell of each row of the tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def _asked(option: str) -> str:
    """What pytest says of the plugin."""
    command = [sys.executable, "-m", "pytest", "-p", "no:fauxkube", "-p", "fauxkube.testing.plugin", option]
    environment = {"PYTHONPATH": str(ROOT / "app"), "COLUMNS": "200"}
    done = subprocess.run(command, cwd=ROOT / "docs", env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("heading", "option", "pattern"),
    [
        ("Fixtures", "--fixtures", r"^(fauxkube\w*) (?:\[|--)"),
        ("Command line", "--help", r"^ +(--fauxkube-\w+)=?"),
        ("Ini options", "--help", r"^ +(fauxkube_\w+) \("),
    ],
)
def test_what_the_plugin_adds_to_pytest_is_told(heading: str, option: str, pattern: str) -> None:
    there = re.findall(pattern, _asked(option), re.MULTILINE)
    assert there
    assert sorted(_first_cells(section(PYTEST, heading))) == sorted(there)


def test_every_option_of_the_marker_is_told() -> None:
    (signature,) = re.findall(r"@pytest.mark.fauxkube\(\*, (.*?)\)", _asked("--markers"))
    assert sorted(_first_cells(section(PYTEST, "Marker"))) == sorted(re.findall(r"(\w+)=None", signature))


@pytest.mark.parametrize(("kind", "heading"), [("request", "Requests"), ("node", "Nodes"), ("pod", "Pods")])
def test_every_effect_of_a_fault_is_told_with_its_options(kind: str, heading: str) -> None:
    family = families(())[kind]
    text = section(FAULTS, heading)
    rows = re.findall(r"^\| (`[^|]+) \|([^|]*)\|", text, re.MULTILINE)
    told = {
        effect: set(re.findall(r"`(\w+)`", options))
        for row, options in rows
        for effect in re.findall(r"`([\w-]+)`", row)
    }
    assert told == {effect: set(options) for effect, options in family.effects.items()}
    prose = text.partition("| effect |")[0]
    assert [name for name in family.match if f"`{name}`" not in prose] == []


def test_every_strict_rule_is_told() -> None:
    assert _first_cells(section(REQUESTS, "Strict")) == [rule.name for rule in RULES]


def test_every_criterion_of_requests_is_told() -> None:
    assert sorted(_first_cells(section(REQUESTS, "Assertions"))) == sorted(Asked.__annotations__)
