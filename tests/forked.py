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
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Self

import gdrive_wa
from gdrive_wa.__main__ import main
from gdrive_wa.core.retry_policy import RetryPolicy

Ended = subprocess.CompletedProcess[str]
Request = tuple[list[str], dict[str, str], str, bool, bool]
"""Arguments, environment, folder, whether to hurry, and whether to begin a session."""

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
    request = words, dict(env), str(cwd or Path.cwd()), hurry, False
    with closing(Started(request, text)) as started:
        try:
            out, err = started.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        return Ended(started.args, started.wait(), out, err)


def start(
    arguments: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path | None = None
) -> Started | subprocess.Popen[str]:
    """Start ``gdrive-wa`` with these arguments, in a session of its own and without any input.

    What it writes is complete only when it has ended.

    Args:
        arguments: of the command line.
        env: the complete environment.
        cwd: the working folder.
    """
    words = [str(argument) for argument in arguments]
    if not hasattr(os, "fork") or _at_start(env) != _at_start(os.environ):
        return subprocess.Popen(
            [*COMMAND, *words],
            env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
    return Started((words, dict(env), str(cwd or Path.cwd()), False, True), "")


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
        self.socket, theirs = socket.socketpair()
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

    def close(self) -> None:
        self._process.kill()  # a command that a failing test left behind might never end
        self._process.wait()
        self.socket.close()


_idle: list[_Server] = []
"""Servers without a child. There is more than one only where several commands run at once."""


def _server() -> _Server:
    with suppress(IndexError):
        return _idle.pop()
    return _Server()


class Started:
    """A forked process, with that part of what ``subprocess.Popen`` has that the tests use."""

    def __init__(self, request: Request, text: str) -> None:
        self.args = [*COMMAND, *request[0]]
        self.returncode: int | None = None
        self._server = _server()
        with ExitStack() as files:
            given, self._out, self._err = (
                files.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)
            )
            given.write(text)
            given.seek(0)
            streams = [stream.fileno() for stream in (given, self._out, self._err)]
            message = pickle.dumps(request)
            socket.send_fds(self._server.socket, [_NUMBER.pack(len(message))], streams)
            self._server.socket.sendall(message)
            self.pid = _number(self._server.socket)
            self._files = files.pop_all()

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""
        if self.returncode is None:
            ours = self._server.socket
            if not select.select([ours], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = _number(ours)
            _idle.append(self._server)
        return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Everything that it wrote, once it has ended. To be called once."""
        self.wait(timeout)
        with self._files:
            return _content(self._out), _content(self._err)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Wait for its end, and forget what it wrote."""
        self.wait()
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self.close()


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
    words, env, cwd, hurry, session = request
    if session:
        os.setsid()
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
