"""What the study's server does with what it should not get."""

import json

import pytest
from fastapi.testclient import TestClient

from tests.viton_eval.study.visitor import ORGANISER, SITE, Served
from viton_eval.study.guard import MOST_BYTES
from viton_eval.study.options import options_of
from viton_eval.study.sessions import Sessions

HOSTILE = [
    "'; DROP TABLE answers; --",
    '"><script>alert(1)</script>',
    "1-1' OR '1'='1",
    "=HYPERLINK(1)",
    "\x00",
    "\ud800",
    "\u202e",
    "x" * 5000,
    "",
    None,
    True,
    [],
    {},
    float("inf"),
    -1,
    10**30,
]


@pytest.fixture
def served(study, tmp_path):
    return Served(study, tmp_path)


def send(visitor, verb, **body):
    """As it is, whatever JSON makes of it."""
    headers = {"content-type": "application/json"}
    return visitor.client.post(f"/api/{verb}", content=json.dumps(body).encode(), headers=headers)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
def test_hostile_text_in_any_field_is_refused_or_kept_as_text(served, study, text):
    visitor = served.visitor()
    screen = visitor.to_trial()
    good = {"trial": screen["trial"], "answer": "left", "response_ms": 1.0, "shown_ms": 1.0}
    for field in good:
        response = send(visitor, "answer", **good | {field: text})
        if field not in ("response_ms", "shown_ms") or text is not None:
            assert response.status_code in (404, 422), field
            assert served.rows("answers") == []
    assert send(visitor, "begin", block=text).status_code == 422
    assert send(visitor, "arrive", query=text).status_code in (200, 422)
    assert send(visitor, "agree", query="", consent=text).status_code in (409, 422)
    assert send(visitor, "answer", **good, more=text).status_code == 422
    assert visitor.get("/picture/" + json.dumps(text)[:60].replace("?", "")).status_code == 404
    assert len(served.rows("sessions")) == 1
    assert len(served.store.answers(study)) <= 1


@pytest.mark.parametrize("text", [text for text in HOSTILE if isinstance(text, str)], ids=lambda text: repr(text)[:20])
def test_hostile_participants_are_kept_as_text_or_refused(served, text):
    visitor = served.visitor()
    told = visitor.arrive()
    query = "?PROLIFIC_PID=" + text
    response = send(visitor, "agree", query=query, consent=told["consent"])
    assert response.status_code in (200, 422)
    kept = [row["participant"] for row in served.rows("sessions")]
    assert kept in ([], [None], [text.split(";")[0]], [text])
    organiser = served.visitor().client
    organiser.post("/organiser", content=f"token={ORGANISER}")
    for page in ("/organiser", "/organiser/payments.csv", "/organiser/answers.csv"):
        assert organiser.get(page).status_code == 200
    assert "<script>alert" not in organiser.get("/organiser").text
    if "=HYPER" in text:
        assert "\n'=HYPERLINK(1)," in organiser.get("/organiser/payments.csv").text


def test_texts_of_a_study_are_shown_as_text(make, tmp_path):
    bad = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    names = (
        "title",
        "question",
        "instructions",
        "flash_question",
        "flash_instructions",
        "consent",
        "thanks",
        "contact",
    )
    study = make(tmp_path / "study", limit=1, texts=dict.fromkeys(names, bad))
    client = Served(study, tmp_path).visitor().client
    client.post("/organiser", content=f"token={ORGANISER}")
    for page in ("/", "/organiser"):
        text = client.get(page).text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_bytes_that_are_no_json_are_refused(served):
    visitor = served.visitor()
    visitor.join()
    for content in [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"trial": ' + b"[" * 5000]:
        response = visitor.client.post("/api/answer", content=content, headers={"content-type": "application/json"})
        assert response.status_code in (400, 422)
        assert len(response.content) < 100


def test_a_long_body_is_refused_with_or_without_a_length(served):
    visitor = served.visitor()
    visitor.join()
    assert visitor.client.post("/api/answer", content=b"x" * 10_000_000).status_code == 413
    assert visitor.client.post("/api/answer", content=iter([b"x" * 9000] * 3)).status_code == 413
    headers = {"content-length": "-1"}
    assert visitor.client.post("/api/answer", content=b"{}", headers=headers).status_code == 413
    assert visitor.client.post("/organiser", content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert visitor.client.post("/organiser", content=b"x" * MOST_BYTES).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": SITE, "sec-fetch-site": "cross-site"},
        {"origin": SITE, "sec-fetch-site": "same-site"},
        {"origin": SITE + ":81"},
    ],
)
def test_posts_of_other_sites_are_refused(served, headers):
    visitor = served.visitor()
    screen = visitor.to_trial()
    body = {"trial": screen["trial"], "answer": "left"}
    for path in ("/api/answer", "/api/withdraw", "/api/arrive", "/organiser", "/organiser/release"):
        assert visitor.client.post(path, json=body, headers=headers).status_code == 403
    assert len(served.rows("sessions")) == 1
    assert served.rows("answers") == []


def test_every_response_has_the_headers_and_none_lets_other_sites_in(served):
    visitor = served.visitor()
    screen = visitor.to_trial()
    visitor.get("/")
    visitor.get("/file/study.js")
    visitor.get("/file/../store.py")
    visitor.get("/picture/" + screen["pictures"]["left"])
    visitor.get("/organiser")
    visitor.get("/nothing")
    visitor.post("nothing")
    visitor.heard.append(visitor.client.options("/api/answer", headers={"access-control-request-method": "POST"}))
    visitor.heard.append(visitor.client.post("/api/answer", content=b"x" * 20_000))
    for response in visitor.heard:
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        assert response.headers["cache-control"] == "no-store"
        assert not [name for name in response.headers if name.startswith("access-control")]
    assert [visitor.get(path).status_code for path in ("/docs", "/openapi.json", "/file/study.html.j2")] == [404] * 3


def test_a_picture_that_cannot_be_read_is_told_as_one_that_may_be_back(make, tmp_path):
    study = make(tmp_path / "study", limit=2)
    visitor = Served(study, tmp_path / "served").visitor()
    address = "/picture/" + visitor.to_trial()["pictures"]["left"]
    file = study.pictures / study.of_rater(1)[0].left_picture
    content = file.read_bytes()
    file.unlink()
    for _ in range(2):
        response = visitor.get(address)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.headers["cache-control"] == "no-store"
        assert file.name not in response.text
        file.mkdir(exist_ok=True)
    file.rmdir()
    file.write_bytes(content)
    assert visitor.get(address).content == content


def test_what_nobody_thought_of_has_the_headers_too(served, monkeypatch):
    def broken(*given):
        raise ZeroDivisionError

    monkeypatch.setattr(Sessions, "arrive", broken)
    client = TestClient(served.app, base_url=SITE, headers={"origin": SITE}, raise_server_exceptions=False)
    response = client.post("/api/arrive", json={})
    assert response.status_code == 500
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_another_studys_token_is_refused(served, make, tmp_path):
    other = Served(make(tmp_path / "other", limit=2), tmp_path / "other")
    stranger = other.visitor()
    stranger.join()
    visitor = served.visitor(cookie=stranger.cookie)
    visitor.client.cookies.set("viton_" + other.study.id, stranger.cookie)
    assert visitor.post("answer", trial="1-1", answer="left").status_code == 401
    assert visitor.arrive()["page"] == "consent"
    assert served.rows("sessions") == []


def test_pictures_are_those_of_the_trial_that_is_on_and_of_the_next(served, study):
    visitor, other = served.visitor(), served.visitor()
    screen, others = visitor.to_trial(), other.to_trial()
    names = [*screen["pictures"].values(), *screen["preload"]]
    assert [visitor.get(f"/picture/{name}").status_code for name in names] == [200] * 8
    assert [other.get(f"/picture/{name}").status_code for name in names] == [404] * 8
    assert visitor.get(f"/picture/{study.trials[0].left_picture}").status_code == 404
    assert served.visitor().get(f"/picture/{names[0]}").status_code == 401
    assert not set(others["pictures"].values()) & set(names)
    visitor.answer(screen)
    assert [visitor.get(f"/picture/{name}").status_code for name in names] == [404] * 4 + [200] * 4


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("short", "", "", "A,B,C", False), "at least 12"),
        (("", "", "javascript:alert(1)", "A,B,C", False), "https or http"),
        (("", "", "", "A,B", False), "three names"),
        (("", "", "", "A,A,C", False), "three names"),
    ],
)
def test_options_that_cannot_be(asked, said):
    with pytest.raises(ValueError, match=said):
        options_of(*asked)
