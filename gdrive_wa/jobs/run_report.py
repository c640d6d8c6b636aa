"""Write the report of a run into the archive: one JSON document for each run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from gdrive_wa.core.errors import GdriveWaError, StorageError
from gdrive_wa.core.model import Outcome, Report
from gdrive_wa.core.version import VERSION
from gdrive_wa.storage.draft import Draft
from gdrive_wa.storage.manifest import STATE_FOLDER
from gdrive_wa.storage.tree import Tree

REPORTS = "reports"
_TOGETHER = 1000
"""How many outcomes are written at once, to limit memory in large runs."""


def write_run_report(
    tree: Tree, started: datetime, report: Report, *, ended: BaseException | None = None
) -> None:
    """Write `report` to the archive's state folder; a failure to write is ignored.

    Args:
        tree: the archive's folder.
        started: when the run began, UTC.
        report: its result.
        ended: the error that ended the run early, or None.
    """
    why = ended.message if isinstance(ended, GdriveWaError) else ended and type(ended).__name__
    head = {
        "started": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "program": f"gdrive-wa {VERSION}",
        "ended": why,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
    }
    folder = f"{STATE_FOLDER}/{REPORTS}"
    lists = {"done": report.done, "skipped": report.skipped, "failed": report.failed}
    with suppress(StorageError), Draft(tree, folder) as draft:  # a full disk was reported already
        draft.write(_json(head)[:-1])
        for name, outcomes in lists.items():
            draft.write(b', "%s": [' % name.encode())
            for piece in _pieces(outcomes):
                draft.write(piece)
            draft.write(b"]")
        draft.write(b"}\n")
        draft.commit(f"{folder}/{started:%Y-%m-%dT%H.%M.%S.%fZ}.json", durable=False)


def _pieces(outcomes: Sequence[Outcome]) -> Iterator[bytes]:
    for start in range(0, len(outcomes), _TOGETHER):
        items = [outcome.to_json() for outcome in outcomes[start : start + _TOGETHER]]
        yield (b",\n" if start else b"\n") + _json(items)[1:-1]


def _json(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
