"""What is waited for, read from words, and when it holds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.machinery.jsonpath import JSONPathError
from fauxkube.testing.conditions import ConditionError, condition

READY = {"type": "Ready", "status": "True"}
POD = {"metadata": {"generation": 2}, "status": {"phase": "Running", "conditions": [READY], "podIP": ""}}


def observed(generation: int) -> Any:
    """An object of generation 2, of which the controller has seen another."""
    return {**POD, "status": {**POD["status"], "observedGeneration": generation}}


def met(wanted: Any, *objects: Any) -> bool:
    return asyncio.run(condition(wanted).met(objects))


@pytest.mark.parametrize(
    ("wanted", "objects", "holds"),
    [
        ("Ready", [POD], True),
        ("ready", [POD], True),
        ("condition=Ready", [POD], True),
        ("condition=Ready=false", [POD], False),
        ("Held=False", [POD], None),
        ("condition=Held=False", [POD], False),
        ("Ready", [observed(1)], False),
        ("Ready", [observed(2)], True),
        ("Ready", [POD, {"metadata": {}}], False),
        ("Ready", [], False),
        ("jsonpath={.status.phase}=Running", [POD], True),
        ("jsonpath={.status.phase}='Running'", [POD], True),
        ("jsonpath={.status.phase}=Failed", [POD], False),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', [POD], True),
        ("jsonpath={.status.phase}", [POD], True),
        ("jsonpath={.status.podIP}", [POD], False),
        ("jsonpath={.status.none}", [POD], False),
        ("exists", [POD], True),
        ("exists", [], False),
        ("create", [POD], True),
        ("deleted", [POD], False),
        ("deleted", [], True),
        ("delete", [], True),
        (lambda obj: obj is POD, [POD], True),
        (lambda obj: obj is POD, [POD, {}], False),
        (bool, [], False),
    ],
)
def test_a_condition_holds_for_all_objects_that_there_are(wanted: Any, objects: list[Any], holds: bool | None) -> None:
    if holds is None:
        with pytest.raises(ConditionError, match="cannot wait for 'Held=False'"):
            condition(wanted)
    else:
        assert met(wanted, *objects) is holds


def test_a_path_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(JSONPathError):
        condition("jsonpath={.a..b}=1")


def test_conditions_are_told_in_the_words_of_a_message() -> None:
    assert condition("Ready").text == "Ready=True"
    assert condition("jsonpath={.status.phase}=Running").text == "{.status.phase}=Running"
    assert condition(str.isupper).text == "as isupper wants it"  # type: ignore[arg-type]
