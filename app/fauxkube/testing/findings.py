"""What is wrong with a cluster's network, for a test to assert on: `assert cluster.doctor().healthy`."""

from __future__ import annotations

from fauxkube.machinery.objects import Object


class Diagnosis:
    """What was found, as `fauxkube.network.doctor.Diagnosis` has it, as JSON; printed, it tells each finding."""

    def __init__(self, found: Object) -> None:
        self._found = found

    @property
    def healthy(self) -> bool:
        """Whether nothing is a problem; there may be warnings."""
        return bool(self._found["healthy"])

    @property
    def findings(self) -> list[Object]:
        """Each with its `severity`, `object`, `word`, `message` and what is `likely`, problems first."""
        return list(self._found["findings"])

    def words(self, obj: str = "") -> list[str]:
        """The findings' words, of one object (`service/default/web`) or of all."""
        return [each["word"] for each in self.findings if obj in {"", each["object"]}]

    def to_json(self) -> Object:
        """All of it."""
        return self._found

    def __repr__(self) -> str:
        from fauxkube.network.text import render_diagnosis

        return render_diagnosis(self._found)
