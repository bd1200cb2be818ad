"""`viton-eval study serve`: open the port, say where, and serve until stopped."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from viton.console import say
from viton.errors import InputError
from viton_eval.study.export import raters_of
from viton_eval.study.frozen import read_study
from viton_eval.study.options import Options
from viton_eval.study.places import on_sheets, spans
from viton_eval.study.server import make_app
from viton_eval.study.sessions import stamp, utc_now
from viton_eval.study.store import VOTES, Store

HERE = ("127.0.0.1", "::1", "localhost")


def serve(folder: Path, host: str, port: int, options: Options, tell_token: bool, raters: str = "") -> None:
    """Serve a study until SIGINT or SIGTERM; tell_token: print the organiser's token beside the address.

    At an address of this machine alone it is found by that machine's own names and those of `options.hosts`.
    raters: which places it gives out, such as 4-12; all by default.   Raises InputError for a study, database or port
    that cannot be had, UsageError for places that the design does not have.
    """
    study = read_study(folder)
    places = raters_of(raters, study)
    store = Store(folder / VOTES)
    store.start(study, stamp(utc_now()))
    names = (*HERE, *options.hosts) if host in HERE else ()
    app = make_app(study, store, options._replace(hosts=names, places=tuple(places)))
    with _listening(host, port) as listener:
        address, number = listener.getsockname()[:2]
        base = f"http://{f'[{address}]' if ':' in address else address}:{number}"
        say(f"study {study.id}, places {spans(places)} of {study.raters}: {base}/")
        if twice := on_sheets(study) & set(places):
            rest = spans(set(places) - twice)
            hint = f"--raters {rest} gives out the others" if rest else "no others are left"
            say(f"sheets of places {spans(twice)} are out, which are given out here as well: {hint}")
        say(f"organiser: {base}/organiser" + (f", token {options.organiser_token}" if tell_token else ""))
        if host not in HERE:
            say("others can reach this port, and nothing is encrypted: put a server with https before it")
        config = uvicorn.Config(app, access_log=False, log_level="warning", server_header=False, timeout_keep_alive=30)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        expected = "an address and a free port of this machine (--port 0 takes any that is free)"
        raise InputError(f"{host}:{port}", expected, error.strerror or "none") from error
    return listener
