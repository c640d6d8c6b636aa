"""Runs ``gdrive-wa`` in processes that are forked from one that has imported it already.

Starting Python and importing the libraries takes most of the time of a short command, and the tests
run hundreds. Each run is still a process of its own, with its own arguments, environment, folder,
streams and exit code. Where a system cannot fork, or where Python itself would read an environment
variable at its start that a test has changed, the command is started as usual.
"""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

import gdrive_wa
from gdrive_wa.__main__ import main
from gdrive_wa.core.retry_policy import RetryPolicy

Ended = subprocess.CompletedProcess[str]
Request = tuple[list[str], dict[str, str], str, bool]
"""Arguments, environment, folder, and whether to hurry."""

COMMAND = (sys.executable, "-m", "gdrive_wa")
READ_AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_", "LD_", "COV_", "COVERAGE_")
"""Beginnings of the names of variables that have an effect only before the imports."""
LIBRARIES = (
    "http.client",
    "isal.igzip_lib",
    "jinja2",
    "phonenumbers",
    "urllib3",
    "xml.parsers.expat",
)
"""What commands import while they run; not keyring, which reads the environment when imported."""


def run(
    arguments: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    text: str = "",
    timeout: float = 120,
    hurry: bool = False,
) -> Ended:
    """Run ``gdrive-wa`` with these arguments, with `text` as its input.

    Args:
        arguments: of the command line.
        env: the complete environment.
        cwd: the working folder.
        text: the input.
        timeout: in seconds.
        hurry: where it can be forked, it waits a tenth of the time before each retry.

    Raises:
        subprocess.TimeoutExpired: it did not end in time, and was killed.
    """
    words = [str(argument) for argument in arguments]
    if not hasattr(os, "fork") or _at_start(env) != _at_start(os.environ):
        return subprocess.run(
            [*COMMAND, *words],
            env=env, cwd=cwd, input=text, capture_output=True, text=True, check=False,
            timeout=timeout,
        )  # fmt: skip
    return _server().run((words, dict(env), str(cwd or Path.cwd()), hurry), text, timeout)


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that Python and its libraries read before a command begins."""
    without = ("PYTEST", "COV_", "PYTHON_KEYRING_BACKEND")
    return {
        name: value
        for name, value in env.items()
        if name.startswith(READ_AT_START) and not name.startswith(without)
    }


_NUMBER = struct.Struct("!q")


class _Server:
    """The process that has imported everything, and forks for each run."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._ours, theirs = socket.socketpair()
        env = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
            env=env,
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self.close)

    def run(self, request: Request, text: str, timeout: float) -> Ended:
        command = [*COMMAND, *request[0]]
        with (
            self._turn,
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
        ):
            given.write(text)
            given.seek(0)
            streams = [stream.fileno() for stream in (given, out, err)]
            message = pickle.dumps(request)
            socket.send_fds(self._ours, [_NUMBER.pack(len(message))], streams)
            self._ours.sendall(message)
            code = self._wait(command, timeout)
            return Ended(command, code, _content(out), _content(err))

    def _wait(self, command: list[str], timeout: float) -> int:
        pid = _number(self._ours)
        self._ours.settimeout(timeout)
        try:
            return _number(self._ours)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self._ours.settimeout(None)
            _number(self._ours)
            raise subprocess.TimeoutExpired(command, timeout) from None
        finally:
            self._ours.settimeout(None)

    def close(self) -> None:
        self._ours.close()
        self._process.wait()


@cache
def _server() -> _Server:
    return _Server()


def _number(source: socket.socket) -> int:
    number: int = _NUMBER.unpack(source.recv(_NUMBER.size, socket.MSG_WAITALL))[0]
    return number


def _content(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def serve(asked: socket.socket) -> int | None:
    """Fork for each request until the tests end. In each fork: the exit code of its command."""
    ours = pkgutil.walk_packages(gdrive_wa.__path__, "gdrive_wa.")
    for name in (*LIBRARIES, *(module.name for module in ours)):
        with suppress(ModuleNotFoundError):  # a library of an extra
            import_module(name)
    gc.freeze()
    while True:
        size, streams, _, _ = socket.recv_fds(asked, _NUMBER.size, 3)
        if not size:
            return None
        request = asked.recv(_NUMBER.unpack(size)[0], socket.MSG_WAITALL)
        pid = os.fork()
        if not pid:
            asked.close()
            return _command(pickle.loads(request), streams)  # noqa: S301 - from our own test
        for stream in streams:
            os.close(stream)
        asked.send(_NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        asked.send(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _command(request: Request, streams: list[int]) -> int:
    """Make this process one that was started with these, and run the command."""
    words, env, cwd, hurry = request
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    tempfile.tempdir = None
    sys.argv[1:] = words
    if hurry:
        usual = RetryPolicy._own_pause
        RetryPolicy._own_pause = lambda *asked: usual(*asked) / 10  # type: ignore[method-assign]
    return main()


if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1]))))
