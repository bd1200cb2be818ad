"""The study's web server: what a rater's browser asks, and what it is told.

The page is one document; what it shows comes from POSTs that answer with the next screen. GETs change nothing, so that
neither a preview of a link nor the way back in history can. The cookie is SameSite=Strict also for those whom another
site sent here: the page itself, and not that site, asks for the session.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import AfterValidator, Field

from viton.errors import InputError
from viton.settings import Model
from viton_eval.study.frozen import Study
from viton_eval.study.guard import Guard, Limiter, set_cookie
from viton_eval.study.options import Options
from viton_eval.study.organiser import organiser_routes
from viton_eval.study.screens import Screen
from viton_eval.study.sessions import Clock, Recruited, RefusedError, Sessions, Vote, utc_now
from viton_eval.study.store import Store, hashed
from viton_eval.templates import render, style

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FILES = {"study.css": "text/css", "study.js": "text/javascript", "study_screens.js": "text/javascript"}


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("signs that cannot be printed")
    return text


Short = Annotated[str, Field(max_length=64), AfterValidator(_printable)]
Query = Annotated[str, Field(max_length=2000), AfterValidator(_printable)]
Milliseconds = Annotated[float, Field(ge=0, le=999_999_999, strict=True)]


class Arrival(Model):
    query: Query = ""  # of the page's address


class Consent(Arrival):
    consent: Short  # digest of the text that was shown


class Begin(Model):
    block: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class Look(Model):
    trial: Short
    look: Short


class Given(Model):
    trial: Short
    answer: Short
    response_ms: Milliseconds | None = None
    shown_ms: Milliseconds | None = None


def make_app(study: Study, store: Store, options: Options, clock: Clock = utc_now) -> Guard:
    """The server of a study, behind its guard; the store is started already."""
    completion = {"code": options.completion_code, "url": options.completion_url}
    sessions = Sessions(study, store, completion, clock, options.places)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=_closing(store))
    app.include_router(_page_routes(study, options))
    app.include_router(_rater_routes(sessions, options, Limits()))
    app.include_router(organiser_routes(sessions, options))
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(sqlite3.Error, _not_stored)
    app.add_exception_handler(InputError, _not_read)
    app.add_exception_handler(OSError, _not_read)
    app.add_exception_handler(RequestValidationError, _not_understood)
    return Guard(
        app, options.hosts
    )  # around all of it: what no handler takes is answered outside FastAPI's own middleware


def _closing(store: Store) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Close the database when the server is told to stop: uvicorn ends the process right after."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    return lifespan


def _page_routes(study: Study, options: Options) -> APIRouter:
    routes = APIRouter()
    settings = study.settings
    page = render("study.html.j2", study=study, settings=settings, texts=settings.texts, lab=options.lab)
    files = {name: style(name).encode() for name in FILES}

    @routes.get("/")
    def index() -> HTMLResponse:
        return HTMLResponse(page)

    @routes.get("/file/{name}")
    def file(name: str) -> Response:
        if name not in files:
            raise RefusedError(404, "no such file")
        return Response(files[name], media_type=FILES[name])

    @routes.post("/api/leave")
    def leave(response: Response) -> Screen:
        if not options.lab:
            raise RefusedError(404, "no such page")
        response.delete_cookie(cookie_name(study))
        return {"page": "left"}

    @routes.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    return routes


class Limits:
    """How often raters may ask: each session, those without one together, and all who come or agree together."""

    def __init__(self) -> None:
        self.session, self.comers = Limiter(most=200, per_second=20), Limiter(most=1000, per_second=20)

    def expect_session(self, name: str) -> None:
        """name: of the session, or "" for all without one."""
        if not self.session.allows(name):
            raise RefusedError(429, "too often")

    def expect_comer(self) -> None:
        if not self.comers.allows(""):
            raise RefusedError(429, "too many are coming just now; try again")


def _rater_routes(sessions: Sessions, options: Options, limits: Limits) -> APIRouter:
    routes, cookie = APIRouter(), cookie_name(sessions.study)

    def token_of(request: Request, is_coming: bool = False) -> str:
        """The cookie, if this server has given it out: whoever invents one has no share of requests to himself."""
        sent = request.cookies.get(cookie, "")
        token = sent if TOKEN.fullmatch(sent) and sessions.knows(sent) else ""
        if token or not is_coming:
            limits.expect_session(hashed(token) if token else "")
        return token

    @routes.post("/api/arrive")
    def arrive(request: Request, response: Response, given: Arrival) -> Screen:
        before = token_of(request, is_coming=True)
        if not before:
            limits.expect_comer()
        token, screen = sessions.arrive(before, recruited_of(given.query, options.parameters))
        if token != before:
            set_cookie(request, response, cookie, token)
        return screen

    @routes.post("/api/agree")
    def agree(request: Request, given: Consent) -> Screen:
        limits.expect_comer()
        if not request.cookies.get(cookie):
            raise RefusedError(401, "no cookie came: this page needs them, to know your answers as yours")
        token = token_of(request, is_coming=True)
        return sessions.agree(token, recruited_of(given.query, options.parameters), given.consent)

    @routes.post("/api/begin")
    def begin(request: Request, given: Begin) -> Screen:
        return sessions.begin(token_of(request), given.block)

    @routes.post("/api/answer")
    def answer(request: Request, given: Given) -> Screen:
        return sessions.answer(token_of(request), Vote(**given.model_dump()))

    @routes.post("/api/show")
    def show(request: Request, given: Look) -> Screen:
        return {"show": sessions.show(token_of(request), given.trial, given.look)}

    @routes.post("/api/withdraw")
    def withdraw(request: Request, response: Response) -> Screen:
        token = token_of(request) or request.cookies.get(cookie, "")  # also one that has withdrawn, and asks again
        sessions.withdraw(token)
        response.delete_cookie(cookie)
        return {"page": "withdrawn"}

    @routes.get("/picture/{name}")
    def picture(request: Request, name: str) -> Response:
        file = sessions.picture(token_of(request), name)
        if file is None:
            raise RefusedError(404, "no such picture")
        return Response((sessions.study.pictures / file).read_bytes(), media_type="image/png")

    return routes


def cookie_name(study: Study) -> str:
    """Of its study: browsers do not tell two servers of one machine apart by their ports."""
    return f"viton_{study.id}"


def recruited_of(query: str, names: tuple[str, ...]) -> Recruited:
    """What a recruiting service put into the address; raises RefusedError for what is no number of one."""
    try:
        found = parse_qs(query.removeprefix("?"), max_num_fields=50)
        values = [_printable(found.get(name, [""])[0].strip()) for name in names]
    except ValueError as error:
        raise RefusedError(422, "an address that cannot be read") from error
    if max(map(len, values), default=0) > 200:
        raise RefusedError(422, "an address that cannot be read")
    return Recruited(*values)


async def _refused(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": str(error)}, error.status)


async def _not_stored(request: Request, error: Exception) -> JSONResponse:
    """Nothing was acknowledged: the page keeps what it has, and tries again."""
    return JSONResponse({"error": "could not be stored; try again"}, 503, {"retry-after": "1"})


async def _not_read(request: Request, error: Exception) -> JSONResponse:
    """A database or picture that is missing, damaged or another's, and may be back; its path is nobody's business."""
    return JSONResponse({"error": "could not be read; try again"}, 503, {"retry-after": "1"})


async def _not_understood(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "not understood"}, 422)
