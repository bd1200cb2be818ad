"""Pairs files as people write them, and what is wrong with them, line by line."""

import pytest

from viton.data.pairs import read_pairs, scan_pairs
from viton.data.sample import Pair
from viton.errors import InputError

PEOPLE, CLOTHING = {"p1", "p2"}, {"c1", "c2", "p1"}
BOTH = [Pair("p1", "c1"), Pair("p2", "c2")]


@pytest.fixture
def read(tmp_path):
    def read_text(text: str | bytes) -> list[Pair]:
        path = tmp_path / "test_pairs.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_pairs(path, PEOPLE, CLOTHING)

    return read_text


@pytest.mark.parametrize(
    "text",
    [
        "p1.jpg c1.jpg\np2.jpg c2.jpg\n",
        "p1.jpg c1.jpg\np2.jpg c2.jpg",
        "p1.jpg c1.jpg\r\np2.jpg c2.jpg\r\n",
        "\ufeffp1.jpg c1.jpg\np2.jpg c2.jpg\n",
        "\n  p1.png\t c1.jpg \n\np2 c2\n\n",
        "person,clothing\np1.jpg,c1.jpg\np2.jpg,c2.jpg\n",
        "clothing,person\r\nc1.jpg,p1.jpg\r\nc2.jpg,p2.jpg\r\n",
        "\ufeffperson,note,clothing\np1.jpg,,c1.jpg\np2,'x y',c2\n",
    ],
    ids=["plain", "no last end", "windows", "byte-order mark", "blanks", "csv", "csv turned", "csv with more"],
)
def test_every_way_of_writing_two_pairs_is_read(read, text):
    assert read(text) == BOTH


def test_pairs_keep_the_files_order(read):
    assert read("p2 c2\np1 c1\n") == BOTH[::-1]


@pytest.mark.parametrize(
    ("text", "line", "expected", "got"),
    [
        ("p1 c1\np9.jpg c1\n", 2, "a person that is in the dataset", "'p9.jpg'"),
        ("p1 c1\np1 c9.jpg\n", 2, "a clothing that is in the dataset", "'c9.jpg'"),
        ("../p1 c1\n", 1, "a file name without folders", "'../p1'"),
        ("p1 ../../etc/passwd\n", 1, "a file name without folders", "'../../etc/passwd'"),
        ("/tmp/p1 c1\n", 1, "a file name without folders", "'/tmp/p1'"),
        (".. c1\n", 1, "a person that is in the dataset", "'..'"),
        ("p1\n", 1, "a person and a clothing", "1 fields"),
        ("p1 c1 c2\n", 1, "a person and a clothing", "3 fields"),
        ("p1 c1\n\np1.jpg c1.jpg\n", 3, "every pair once", "p1 c1 again (first on line 1)"),
        ("person,clothing\np1,../c1\n", 2, "a file name without folders", "'../c1'"),
        ("person,clothing\np1\n", 2, "a clothing that is in the dataset", "''"),
        ("who,what\np1,c1\n", 2, "a person and a clothing", "0 fields"),
        ("p1,c1\np2,c2\n", 2, "a person and a clothing", "0 fields"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(read, text, line, expected, got):
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).endswith(f"test_pairs.txt:{line}: expected {expected}, got {got}")


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "person,clothing\n", "person,clothing\r\n\r\n"])
def test_a_file_without_pairs_is_refused(read, text):
    with pytest.raises(InputError, match=r"test_pairs\.txt: expected at least one pair, got none"):
        read(text)


def test_a_file_that_is_not_there_or_not_text_is_refused(read, tmp_path):
    with pytest.raises(InputError, match="expected a pairs file, got no such file"):
        read_pairs(tmp_path / "absent.txt", PEOPLE, CLOTHING)
    with pytest.raises(InputError, match="expected text in UTF-8"):
        read(b"p1 \xff\xfe")


def test_a_csv_that_is_not_one_is_refused(read):
    with pytest.raises(InputError, match=r"test_pairs\.txt: expected CSV"):
        read("person,clothing\n" + "p" * 200_000 + ",c1\n")


def test_a_self_pair_can_be_read(read):
    assert read("p1 p1\n") == [Pair("p1", "p1")]


def test_every_wrong_line_is_found_and_the_good_ones_stay(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("p1 c1\np9 c1\np1\np2 c2\np1 c1\n")
    outcomes = list(scan_pairs(path, PEOPLE, CLOTHING))
    assert [outcome for outcome in outcomes if isinstance(outcome, Pair)] == BOTH
    wrong = [outcome.where.rpartition(":")[2] for outcome in outcomes if isinstance(outcome, InputError)]
    assert wrong == ["2", "3", "5"]


def test_a_pairs_name_is_the_stem_of_its_files():
    assert Pair("00891_00", "01260_00").name == "00891_00__01260_00"
