"""The emulator itself: one event loop in a thread of its own, real HTTP/1.1 on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

from gdrive_wa.core.errors import GdriveWaError, NetworkError, UsageError
from gdrive_wa.emulation.account import Account, read_account
from gdrive_wa.emulation.counts import Counts, Served
from gdrive_wa.emulation.fault_effects import answer_instead, apply_faults, without_range
from gdrive_wa.emulation.faults import Fault, FaultKind, Faults, as_faults, parse_faults
from gdrive_wa.emulation.http import (
    LONGEST_HEAD,
    BadRequestError,
    Request,
    Response,
    as_json,
    read_request,
)
from gdrive_wa.emulation.router import Router
from gdrive_wa.emulation.send import SharedBandwidth, send
from gdrive_wa.emulation.tokens import Tokens

CONTROL = "/_emulator/"
"""Paths that control the emulator; they are never counted, delayed or changed by a fault."""
PRECOMPUTE_SIZE = 16 * 1024 * 1024
"""Minimum bytes of a blob that is hashed before the first request."""


class Emulator:
    """The Google services that this program uses, for the given accounts. A context manager.

    It serves until the ``with`` block ends; ``root`` is the URL for ``--endpoint``. Thread-safe.

    Args:
        accounts: the accounts, or their folders; the first one is the default for signing in.
        host: the address to listen on; use loopback only.
        port: 0 for any free port.
        auto_consent: give consent without showing the page.
        token_lifetime: seconds until an access token expires.
        faults: the faults at the start.

    Attributes:
        counts: requests and bytes.
        tokens: the issued tokens, which can be expired and revoked.

    Raises:
        UsageError: a folder is not an account.
        NetworkError: the port is taken.
    """

    def __init__(
        self,
        *accounts: Account | Path,
        host: str = "127.0.0.1",
        port: int = 0,
        auto_consent: bool = False,
        token_lifetime: float = 3600.0,
        faults: Faults | Fault | Iterable[Fault] | None = None,
    ) -> None:
        if not accounts:
            raise UsageError("the emulator needs an account")
        self.accounts = tuple(
            each if isinstance(each, Account) else read_account(each) for each in accounts
        )
        self.host = host
        self.port = port
        self.counts = Counts()
        self.tokens = Tokens(self.accounts, lifetime=token_lifetime)
        self._auto_consent = auto_consent
        self._faults = as_faults(faults)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)
        self._ready = threading.Event()
        self._start_error: OSError | None = None
        self._stop = asyncio.Event()

    @property
    def root(self) -> str:
        """The emulator's URL, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def faults(self) -> Faults:
        """The current faults; can be set to one fault, several, or None."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | Fault | Iterable[Fault] | None) -> None:
        self._faults = as_faults(faults)

    def client_config(self, number: int = 0) -> dict[str, dict[str, object]]:
        """The file of OAuth client `number` of the first account, as Google's console offers it,
        but with this server's addresses."""
        client = self.accounts[0].clients[number]
        return {
            client.kind: {
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "auth_uri": f"{self.root}/auth",
                "token_uri": f"{self.root}/token",
                "redirect_uris": ["http://localhost"],
            }
        }

    def __enter__(self) -> Self:
        for account in self.accounts:
            _precompute_hashes(account)
        self._thread.start()
        self._ready.wait()
        if self._start_error is not None:
            self._thread.join()
            raise NetworkError(
                f"the emulator cannot listen on port {self.port}",
                hint="choose another port, or 0 for any free one",
            ) from self._start_error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; open connections are cut."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def wait(self) -> None:
        """Serve until :meth:`close` is called or the process is interrupted."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._bandwidth = SharedBandwidth()
        self._open: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[asyncio.WriteTransport] = WeakSet()
        try:
            server = await asyncio.start_server(
                self._handle_connection, self.host, self.port, limit=LONGEST_HEAD, backlog=512
            )
        except OSError as error:
            self._start_error = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        options = {"auto_consent": self._auto_consent}
        self._router = Router(self.accounts, self.tokens, self.root, **options)
        self._ready.set()
        await self._stop.wait()
        for listening in server.sockets:  # stop accepting, but keep accepted connections:
            self._loop.remove_reader(listening.fileno())  # a closed server would drop them
        await _run_ready_tasks()
        server.close()
        while asyncio.all_tasks() - {asyncio.current_task()}:  # some were accepted just now
            for task in tuple(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await _run_ready_tasks()
        for transport in tuple(self._transports):  # unread data would never be sent completely
            transport.abort()
        await _run_ready_tasks()

    async def _handle_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._transports.add(writer.transport)
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            await self._answer_requests(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the client has closed the connection
        except asyncio.CancelledError:  # asyncio of 3.11 would print it as an error
            writer.transport.abort()  # closing: do not wait until everything is sent
        except BadRequestError as error:
            writer.write(f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{error}".encode())
        finally:
            writer.close()

    async def _answer_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fresh, keep = True, True
        while keep and (request := await read_request(reader)) is not None:
            keep = request.headers.get("connection", "").lower() != "close"
            if request.path.startswith(CONTROL):
                await send(writer, self._control(request), keep=keep)
                continue
            if fresh:
                self.counts.connections += 1
                await _sleep(self._faults.connect_delay)
                fresh = False
            keep = await self._answer_request(request, writer, keep=keep)

    async def _answer_request(
        self, request: Request, writer: asyncio.StreamWriter, *, keep: bool
    ) -> bool:
        """Answer one request; return False at the end of the connection."""
        faults = self._faults
        acting = faults.active_faults(request)
        await _sleep(faults.delay)
        for fault in acting:
            if fault.kind is FaultKind.EXPIRE:
                self.tokens.expire_access()
            elif fault.kind is FaultKind.REVOKE:
                self.tokens.revoke_all()
        response = answer_instead(acting, request)
        if response is None:
            response = self._router.answer(without_range(acting, request))
        delivery = apply_faults(acting, request, response)
        self._bandwidth.limit = faults.bandwidth
        served = Served(
            request.method,
            request.decoded_path,
            dict(request.query),
            request.headers.get("range"),
            0 if delivery.cut_at == -1 else response.status,
            request.bearer is not None,
        )
        self.counts.add(served)
        keep = await send(
            writer,
            response,
            keep=keep,
            delivery=delivery,
            bandwidth=self._bandwidth,
            count_bytes=partial(self.counts.add_bytes, served),
        )
        if delivery.reset:
            _reset(writer)
        return keep

    def _control(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(CONTROL):
            case "GET", "stats":
                return as_json(self.counts.to_json())
            case "POST", "clear":
                self.counts.clear()
                return as_json({})
            case "POST", "faults":
                try:
                    self.faults = parse_faults(json.loads(request.body or b"{}"))
                except (ValueError, GdriveWaError) as error:
                    return as_json({"error": str(error)}, status=400)
                return as_json({})
            case "POST", "expire":
                self.tokens.expire_access()
                return as_json({})
            case "POST", "revoke":
                self.tokens.revoke_all()
                return as_json({})
        return as_json({"error": "unknown control path or method"}, status=404)


def _precompute_hashes(account: Account) -> None:
    for backup in account.backups:
        for blob in backup.blobs.values():
            if blob.size >= PRECOMPUTE_SIZE:
                _ = blob.md5


def _reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection instead of closing it."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _run_ready_tasks() -> None:
    """Let all ready tasks run, and those that become ready meanwhile."""
    for _ in range(8):
        await asyncio.sleep(0)


async def _sleep(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
