"""``gdrive-wa`` as users run it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gdrive_wa.core.model import Secret
from tests import forked

Process = forked.Started | subprocess.Popen[str]


@dataclass(frozen=True)
class Done:
    """The exit code, stdout and stderr."""

    code: int
    out: str
    talk: str

    @cached_property
    def report(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def failed(self) -> dict[str, str]:
        return {each["path"]: each["reason"] for each in self.report["failed"]}


@dataclass(frozen=True)
class Cli:
    root: str
    token: Secret | None
    home: Path

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GDRIVE_WA", "COV_"))}
        own = {
            "GDRIVE_WA_CONFIG": str(self.home / "config"),
            "GDRIVE_WA_ENDPOINT": self.root,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        if self.token is not None:
            own["GDRIVE_WA_ACCESS_TOKEN"] = self.token.reveal()
        return {**kept, **own}

    def start(
        self, *arguments: str | Path, before: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gdrive_wa", *map(str, arguments)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - it only sets a limit
        )

    def fork(self, *arguments: str | Path) -> Process:
        """Like `start`, without the time that a new Python takes to start."""
        return forked.start(arguments, env=self.environment())

    def run(self, *arguments: str | Path, before: Callable[[], None] | None = None) -> Done:
        if before is None:
            words = [*arguments, "--json"]
            ended = forked.run(words, env=self.environment(), timeout=240, hurry=True)
            return Done(ended.returncode, ended.stdout, ended.stderr)
        process = self.start(*arguments, "--json", before=before)
        out, talk = process.communicate(timeout=240)
        return Done(process.returncode, out, talk)
