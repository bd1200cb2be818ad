"""What every request to the study's server passes: size, origin and headers, and how often a session may ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

MONTH_S = 30 * 24 * 3600  # how long a browser keeps a broken-off session
MOST_BYTES = 16_384  # of a request's body; an answer has two hundred
POLICY = "; ".join(
    [
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    ]
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # no-referrer makes a form's Origin null, which cannot be told from others'
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Refuses bodies that are too long before they are read, POSTs of other sites and other names; adds the headers.

    hosts: the names under which the server may be asked for, any if empty: another site can have its own name mean
    this machine, and would then pass for the same site.
    """

    def __init__(self, app: Handler, hosts: Sequence[str] = ()) -> None:
        self.app, self.hosts = app, tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] not in ("GET", "HEAD", "POST"):
            await _refuse(sent, 405, "only GET and POST")
        elif self.hosts and _name_of(headers.get("host", "")) not in self.hosts:
            await _refuse(sent, 421, "not the name of this server (--public-host names others)")
        elif _length(headers) > MOST_BYTES:
            await _refuse(sent, 413, f"at most {MOST_BYTES} bytes")
        elif scope["method"] == "POST" and not same_origin(headers):
            await _refuse(sent, 403, "not from this page")
        else:
            body = await _body(receive)
            if body is None:
                await _refuse(sent, 413, f"at most {MOST_BYTES} bytes")
            else:
                await self.app(scope, _replayed(body, receive), sent)


def same_origin(headers: MutableMapping[str, str]) -> bool:
    """Whether a POST comes from a page of this server: browsers say so, and no page of another site can."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == headers.get("host")


def _name_of(host: str) -> str:
    """Of a Host header: without the port, brackets and a dot at its end, in small letters; "" for none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _length(headers: MutableMapping[str, str]) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isdecimal() else MOST_BYTES + 1


async def _body(receive: Receive) -> bytes | None:
    """All of it, or None once it is too long, whatever length was told."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            return None
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, why: str) -> None:
    body = f'{{"error":"{why}"}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


class Limiter:
    """How often one may ask: `most` at once, and `per_second` in the long run.

    Kept in memory by an opaque name, for as long as it has not filled up again.
    """

    def __init__(self, most: float, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self.most, self.per_second, self.now = most, per_second, now
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allows(self, name: str) -> bool:
        """Whether it is not too often; counts as asked. May be asked by many threads."""
        with self._lock:
            now = self.now()
            left, since = self._left.get(name, (self.most, now))
            left = min(self.most, left + (now - since) * self.per_second)
            if len(self._left) > 10_000:
                self._left = {one: had for one, had in self._left.items() if now - had[1] < self.most / self.per_second}
            self._left[name] = (left - 1 if left >= 1 else left, now)
            return left >= 1


def set_cookie(request: Request, response: Response, name: str, value: str, path: str = "/") -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=MONTH_S, path=path, httponly=True, samesite="strict", secure=secure)
