"""The organiser's page, behind a token: how far each place is, what rules would leave out, and the answers."""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from viton_eval.csv_cells import csv_line
from viton_eval.study.answers import answers_text
from viton_eval.study.guard import Limiter, set_cookie
from viton_eval.study.options import Options
from viton_eval.study.places import spans
from viton_eval.study.progress import places_of, totals
from viton_eval.study.sessions import RefusedError, Sessions
from viton_eval.templates import render

HOME = "/organiser"


def organiser_routes(sessions: Sessions, options: Options) -> APIRouter:
    routes, cookie = APIRouter(), f"viton_organiser_{sessions.study.id}"
    key = hashlib.sha256(f"organiser of {sessions.study.digest}: {options.organiser_token}".encode()).hexdigest()
    tries = Limiter(most=20, per_second=1)  # of all who try a token, together

    def is_token(given: str) -> bool:
        if not tries.allows(""):
            raise RefusedError(429, "too often")
        return secrets.compare_digest(given.encode(), options.organiser_token.encode())

    def known(request: Request) -> bool:
        """By the cookie, or, for scripts, by the header `Authorization: Bearer TOKEN`."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return is_token(given.strip())
        return secrets.compare_digest(request.cookies.get(cookie, "").encode(), key.encode())

    def expect(request: Request) -> None:
        if not known(request):
            raise RefusedError(403, "for the organiser")

    @routes.get(HOME)
    def home(request: Request) -> Response:
        if (
            request.url.query
        ):  # a token in the address stays in histories and logs: it opens nothing, and goes from there
            return RedirectResponse(HOME, 303)
        return _overview(sessions) if known(request) else _door("", 403)

    @routes.post(HOME)
    async def enter(request: Request) -> Response:
        if not is_token(_field(await request.body(), "token")):
            return _door("This is not the organiser's token.", 403)
        response = RedirectResponse(HOME, 303)
        set_cookie(request, response, cookie, key, HOME)
        return response

    @routes.post(f"{HOME}/release")
    async def release(request: Request) -> Response:
        expect(request)
        rater = _field(await request.body(), "rater")
        if not (rater.isascii() and rater.isdecimal() and len(rater) < 10):
            raise RefusedError(422, "no place")
        sessions.release(int(rater))
        return RedirectResponse(HOME, 303)

    @routes.get(f"{HOME}/answers.csv")
    def answers(request: Request) -> Response:
        expect(request)
        return _csv("answers.csv", answers_text(sessions.store.answers(sessions.study)))

    @routes.get(f"{HOME}/payments.csv")
    def payments(request: Request) -> Response:
        expect(request)
        return _csv("payments.csv", _payments(sessions))

    return routes


def _door(message: str, status: int) -> HTMLResponse:
    return HTMLResponse(render("study_door.html.j2", message=message), status)


def _overview(sessions: Sessions) -> HTMLResponse:
    known = places_of(sessions.study, sessions.store)
    places = [place for place in known if place.name or place.rater in sessions.places]
    values = {"study": sessions.study, "places": places, "totals": totals(places), "given": spans(sessions.places)}
    return HTMLResponse(render("study_organiser.html.j2", **values))


def _payments(sessions: Sessions) -> str:
    """Whom a recruiting service is to pay; without the raters' names in the answers, in the order of the numbers."""
    rows = [csv_line(["participant", "study", "session", "answered", "of"])]
    query = "SELECT *, (SELECT count(*) FROM answers WHERE answers.session = sessions.session) AS done FROM sessions"
    with sessions.store.reading() as db:
        for row in db.execute(f"{query} WHERE participant IS NOT NULL ORDER BY participant"):
            of_them = (row["participant"], row["recruiting_study"], row["recruiting_session"])
            rows.append(csv_line([*of_them, row["done"], len(sessions.trials[row["rater"]])]))
    return "".join(rows)


def _csv(name: str, text: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _field(body: bytes, name: str) -> str:
    """Of a form."""
    try:
        return parse_qs(body.decode(), max_num_fields=10).get(name, [""])[0]
    except ValueError as error:
        raise RefusedError(422, "not understood") from error
