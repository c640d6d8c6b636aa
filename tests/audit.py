"""Look up known holes in the libraries that are installed with the package.

    python -m tests.audit

A known hole is an error. What could not be looked up is named. When the service that knows the
holes does not answer, that is said, and is not an error: a build must not depend on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.test_house import shipped

SECONDS = 30
_COMMAND = (
    *("-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "5"),
    *("--disable-pip", "--no-deps", "--requirement"),
)
NOTHING = (
    "audit: the service of known holes cannot be reached from here, or knows none of the {count} "
    "libraries; nothing was looked up"
)


def main() -> int:
    """Print what was found; 1 if a library that users install has a known hole."""
    if find_spec("pip_audit") is None:
        print("audit: pip-audit is not installed: pip install --group dev")
        return 1
    versions = {name: metadata["Version"] for name, metadata in shipped().items()}
    lines, code = judge(look_up(versions), versions)
    print("\n".join(lines))
    return code


def look_up(versions: dict[str, str]) -> list[dict[str, Any]]:
    """What pip-audit says of each library; nothing if it could not find out."""
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder, "requirements.txt")
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
        try:
            done = subprocess.run(
                (sys.executable, *_COMMAND, pinned),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            return list(json.loads(done.stdout)["dependencies"])
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return []


def judge(found: list[dict[str, Any]], versions: dict[str, str]) -> tuple[list[str], int]:
    """What to print, and the exit code.

    Args:
        found: what pip-audit says of each library.
        versions: what was to be looked up.
    """
    known = {each["name"] for each in found if "skip_reason" not in each}
    if not known:
        return [NOTHING.format(count=len(versions))], 0
    holes = [
        f"audit: {each['name']} {each['version']} has a known hole, {hole['id']} "
        f"(fixed in: {', '.join(hole.get('fix_versions') or ()) or 'nothing yet'})"
        for each in found
        for hole in each.get("vulns", ())
    ]
    lines = [*holes, f"audit: looked up {len(known)} of {len(versions)} libraries"]
    if unknown := sorted(set(versions) - known):
        lines.append(f"audit: could not look up: {', '.join(unknown)}")
    return lines, int(bool(holes))


if __name__ == "__main__":
    raise SystemExit(main())
