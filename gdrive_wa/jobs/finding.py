"""What ``gdrive-wa doctor`` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: the subject of the check.
        state: its state, without secrets.
        ok: nothing has to be done.
        advice: what to do; None if nothing has to be done.
        exit_code: the exit code that this finding gives to ``doctor --online``; 0 for something
            that is only missing.
    """

    what: str
    state: str
    ok: bool = True
    advice: str | None = None
    exit_code: int = 0

    def to_json(self) -> dict[str, object]:
        """One element of the output of ``doctor --json``."""
        return {"what": self.what, "state": self.state, "ok": self.ok, "advice": self.advice}
