"""Those who come to a study's server in tests: a clock that stands still, and raters without a browser."""

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient

from viton_eval.study.options import Options
from viton_eval.study.server import cookie_name, make_app
from viton_eval.study.sessions import stamp
from viton_eval.study.store import Store

ORGANISER = "a token of the organiser's"
SITE = "http://testserver"


class Clock:
    """Tells one time until it is put on."""

    def __init__(self):
        self.now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

    def __call__(self):
        return self.now

    def put_on(self, seconds):
        self.now += timedelta(seconds=seconds)


class Served:
    """A study behind its server, in this process."""

    def __init__(self, study, folder, clock=None, wait_s=0.2, **options):
        folder.mkdir(parents=True, exist_ok=True)
        self.study, self.clock = study, clock or Clock()
        self.store = Store(folder / "votes.sqlite3", wait_s)
        self.store.start(study, stamp(self.clock()))
        self.app = make_app(study, self.store, Options(ORGANISER, **options), self.clock)

    def visitor(self, query="", cookie=None):
        return Visitor(self, query, cookie)

    def rows(self, table):
        with self.store.reading() as db:
            return [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY rowid")]


class Visitor:
    """A rater's page without a browser; `heard` is every response."""

    def __init__(self, served, query="", cookie=None):
        self.name, self.query, self.heard = cookie_name(served.study), query, []
        self.clock = served.clock
        self.client = TestClient(served.app, base_url=SITE, headers={"origin": SITE})
        if cookie:
            self.client.cookies.set(self.name, cookie)

    @property
    def cookie(self):
        return self.client.cookies.get(self.name)

    def post(self, verb, **body):
        response = self.client.post(f"/api/{verb}", json=body)
        self.heard.append(response)
        return response

    def get(self, path):
        response = self.client.get(path)
        self.heard.append(response)
        return response

    def arrive(self):
        return self.post("arrive", query=self.query).json()

    def join(self):
        """Arrive and agree; returns the screen after it."""
        screen = self.arrive()
        if screen["page"] != "consent":
            return screen
        return self.post("agree", query=self.query, consent=screen["consent"]).json()

    def to_trial(self):
        """The next trial's screen."""
        screen = self.join()
        return self.past_pauses(screen)

    def past_pauses(self, screen):
        while screen["page"] in ("instructions", "pause", "flashes"):
            screen = self.post("begin", block=screen["block"]).json()
        return screen

    def answer(self, screen, what=None, **more):
        return self.post("answer", trial=screen["trial"], answer=what or first_answer(screen), **more)

    def walk(self, choose=None, most=1000, pace_s=0):
        """Answer all trials, or so many, each after `pace_s` by the server's clock; returns what was answered."""
        screen, given = self.to_trial(), {}
        while screen["page"] in ("choice", "flash") and len(given) < most:
            what = (choose or first_answer)(screen)
            given[screen["trial"]] = what
            self.clock.put_on(pace_s)
            screen = self.past_pauses(self.answer(screen, what, response_ms=900.04).json())
        self.screen = screen
        return given


def first_answer(screen):
    return "left" if screen["page"] == "choice" else "real"
