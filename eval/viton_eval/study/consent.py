"""What a rater is told before the first trial: true of the page, of paper or of Mechanical Turk, each in its way."""

from __future__ import annotations

from typing import Literal

Channel = Literal["page", "paper", "mturk"]

ASKED = "You are asked to compare pictures for a scientific study. Taking part is voluntary. "
PAGE = (
    f"{ASKED}You may stop at any time, and you may withdraw: then all your answers are deleted.\n\n"
    "Stored are your answers, how long each took, and when it was given, under a random number. Your name and "
    "your network address are not stored. If a recruiting service sent you here, the number that it gave you is "
    "stored so that you can be paid; it is deleted if you withdraw.\n\n"
    "The answers, without that number, may be published."
)
PAPER = (
    f"{ASKED}You may stop at any time and hand the booklet back unfinished, or not at all. If you want your answers "
    "deleted later, tell whoever gave you the booklet its number, which stands at the top of each page; once the "
    "answers are published this is no longer possible.\n\n"
    "Stored are your answers, under the number of the booklet. Your name is not stored, nor how long you took, nor "
    "when.\n\n"
    "The answers may be published."
)
MTURK = (
    f"{ASKED}You may stop at any time and return the task: then none of its answers are sent. If you want answers "
    "deleted that you have submitted, write to the requester; once the answers are published this is no longer "
    "possible.\n\n"
    "Stored are your answers, how long each took, and when you submitted them, under a random number. Your name and "
    "your worker ID are not stored beside them; the requester sees your ID, to pay you.\n\n"
    "The answers, without your ID, may be published."
)


def consent_on(channel: Channel, given: str, own: str) -> str:
    """What is said on paper or on Mechanical Turk.

    given: the page's text.   own: the channel's own, "" for none: then it is the page's, if somebody wrote that, for it
    may be what a board has agreed to; where the page's is the default it is a default that is true of the channel.
    """
    if own or channel == "page":
        return own or given
    return given if given != PAGE else PAPER if channel == "paper" else MTURK
