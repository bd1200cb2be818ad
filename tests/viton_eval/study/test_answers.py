"""The table of answers: the server's clock in it, tables of before that, and times that are none."""

import pytest

from tests.viton_eval.study.made_up import answered, study_of
from tests.viton_eval.study.visitor import Served
from viton.errors import InputError
from viton_eval.csv_cells import csv_line
from viton_eval.study.answers import Answer, answers_text, read_answers, write_answers
from viton_eval.study.quality import quality
from viton_eval.study.votes import votes_of

EARLIER = [name for name in Answer._fields if name != "served_at"]


@pytest.fixture
def small():
    return study_of(("a", "b"), pairs=4, votes=1, gold=0, repeats=0, flashes=0)


def test_when_a_trial_was_handed_out_is_in_the_servers_answers_and_decides_how_quick_one_was(study, tmp_path):
    served = Served(study, tmp_path)
    served.visitor().walk(most=3, pace_s=0.25)  # the visitor's page says 900 ms
    write_answers(tmp_path / "answers.csv", served.store.answers(study))
    found = read_answers(tmp_path / "answers.csv", study)
    assert [one.served_at for one in found] == [row["served_at"] for row in served.rows("answers")]
    assert [one.served_at[17:] for one in found] == ["00.000Z", "00.250Z", "00.500Z"]
    row = quality(votes_of(study, found)).iloc[0]
    assert (row["median_ms"], row["told_longer"]) == (250, 3)


def test_a_table_of_before_that_column_is_still_read(small, tmp_path):
    answers = answered(small, lambda trial: "a", response_ms="900", answered_at="2026-11-24T09:30:00Z")
    rows = [csv_line([getattr(one, name) for name in EARLIER]) for one in answers]
    (tmp_path / "answers.csv").write_text(csv_line(EARLIER) + "".join(rows))
    assert read_answers(tmp_path / "answers.csv", small) == answers
    assert quality(votes_of(small, answers))["median_ms"].tolist() == [900]
    (tmp_path / "answers.csv").write_text(csv_line(EARLIER) + csv_line([*answers[0]]))
    with pytest.raises(InputError, match=r"answers.csv:2: expected 9 cells, got 10"):
        read_answers(tmp_path / "answers.csv", small)
    (tmp_path / "answers.csv").write_text(csv_line(EARLIER[:-1]))
    with pytest.raises(InputError, match=r"expected the columns study, rater, .*, late, served_at"):
        read_answers(tmp_path / "answers.csv", small)


@pytest.mark.parametrize("column", ["served_at", "answered_at"])
@pytest.mark.parametrize("text", ["2026-13-24T09:30:00Z", "2026-11-24T25:30:00Z", "2026-11-24T09:30:00", "now"])
def test_a_time_that_is_none_is_refused_by_its_row_and_column(small, tmp_path, column, text):
    answers = answered(small, lambda trial: "a")
    (tmp_path / "answers.csv").write_text(answers_text([answers[0]._replace(**{column: text})]))
    with pytest.raises(InputError, match=rf"answers.csv:2: {column}: expected UTC or nothing, got '{text}'"):
        read_answers(tmp_path / "answers.csv", small)
