"""Tables as text: what goes in comes out letter by letter, and a hostile name does nothing where it is opened."""

import csv
import html
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from viton_eval.facts import as_csv
from viton_eval.scores import COLUMNS, Scores, read_scores, write_scores
from viton_eval.scores_settings import SCHEMA
from viton_eval.table_texts import TEXT_WIDTH, csv_text, latex_text, markdown_cell, markdown_text, read_csv_text

HOSTILE = [
    "=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "<script>alert(1)</script>",
    'say "so"', "a,b", "two\nlines", "two\rlines", "../x", r"\input{x}", "a|b", r"a\|b", "'=1", "''=1", "'", "'x", "",
    " ", "NA", "nan", "None", "007", "1e5", "True", "[x](javascript:alert(1))", "![](http://x/y.png)", "`a` `b`",
    "__init__", "_a_", "*b*", "~~c~~", "$x$", "&lt;", "#1 100% a_b {c} ^d", "Zoë 試着",
    "> quoted", " > quoted", "<!-- x", "<?x", "</p>", "a<b>c", "&#60;b&#62;", "&amp", "~a~", "[a]\n(x)", "\\<b>",
]  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
ALPHABET = "='+-@\t\r\n\",;|\\<&aé\uff1d "


def cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.fixture
def names():
    """The hostile ones, and every kind of start that a seed draws."""
    rng = np.random.default_rng(0)
    return HOSTILE + ["".join(rng.choice(list(ALPHABET), rng.integers(0, 7))) for _ in range(3000)]


def test_names_come_back_from_csv_letter_by_letter_and_numbers_as_numbers(names, tmp_path):
    table = pd.DataFrame({"person": names, "=column": names[::-1], "value": np.arange(len(names)) / 4})
    table.loc[5, "value"] = np.nan
    (tmp_path / "a.csv").write_text(csv_text(table), newline="")
    found = read_csv_text(tmp_path / "a.csv", ["person", "=column", "not there"])
    assert found["person"].tolist() == names
    assert found["=column"].tolist() == names[::-1]
    assert found["value"].dtype == float
    assert np.array_equal(found["value"], table["value"], equal_nan=True)


def test_no_cell_of_csv_begins_like_a_formula_but_numbers_are_numbers(names):
    rows = cells(csv_text(pd.DataFrame({"@name": names, "=1+1": -1.5})))
    assert all(not cell.startswith(FORMULA) for row in rows for cell in row[:1])
    assert rows[0] == ["'@name", "'=1+1"]
    assert {row[1] for row in rows[1:]} == {"-1.5"}


def test_a_single_column_of_empty_text_keeps_its_rows(tmp_path):
    (tmp_path / "a.csv").write_text(csv_text(pd.DataFrame({"name": ["a", "", "", "b", ""]})))
    assert read_csv_text(tmp_path / "a.csv", ["name"])["name"].tolist() == ["a", "", "", "b", ""]


def test_csv_of_tame_tables_is_what_pandas_writes():
    table = pd.DataFrame({"a": [0.1, np.nan], "b": [1, -2], "c": ["x", None], "d": [True, False], "e": ['"', "u,v"]})
    table.index = pd.Index(["k", "l"], name="key")
    assert csv_text(table) == table.to_csv(index=False, float_format="%.7g")
    assert csv_text(table, "%.2f", index=True) == table.to_csv(float_format="%.2f")
    assert csv_text(table.rename_axis(None), index=True) == table.rename_axis(None).to_csv(float_format="%.7g")


def test_scores_of_hostile_pairs_are_read_as_they_were_written(names, tmp_path):
    table = pd.DataFrame({"person": names, "clothing": names[::-1], **dict.fromkeys(COLUMNS, 0.5)})
    write_scores(tmp_path / "s.csv", Scores(table, {"schema": SCHEMA, "n": len(table)}))
    found = read_scores(tmp_path / "s.csv").table
    assert found["person"].tolist() == names
    assert found["clothing"].tolist() == names[::-1]


def test_a_manifest_as_csv_guards_its_text_and_keeps_its_numbers(tmp_path):
    rows = [{"person": name, "clothing": "c", "iou": -0.1, "matched": 3, "why": None} for name in HOSTILE]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"person": "p"}]))
    head, *found = cells(as_csv(tmp_path / "m.jsonl"))
    assert head == ["person", "clothing", "status", "iou", "matched", "why"]
    assert [row[3:] for row in found] == [["-0.1", "3", ""]] * len(HOSTILE) + [["", "", ""]]
    assert found[0][0] == "'=1+1"
    assert not any(row[0].startswith(FORMULA) for row in found)


def test_markdown_shows_each_name_as_it_is_and_makes_nothing_of_it():
    shown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    table = pd.DataFrame({"name": HOSTILE, "a|b <i>": 1.5}, index=HOSTILE)
    page = shown.render(markdown_text(table))
    assert set(re.findall(r"<(\w+)", page)) == {"table", "thead", "tbody", "tr", "th", "td"}
    rows = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in page.split("<tr>")[1:]]
    assert [html.unescape(cell) for cell in rows[0]] == ["", "name", "a|b <i>"]
    expected = [re.sub(r"[\t\r\n]+", " ", name).strip() for name in HOSTILE]
    assert [[html.unescape(cell) for cell in row] for row in rows[1:]] == [[name, name, "1.5"] for name in expected]


def test_markdown_leaves_alone_what_means_nothing_in_it():
    for text in ("viton > crn ~ prgan", "5 < 6 & 7 > 6", "+0.04 [+0.01, +0.07]* n=9", "R&D_x 5 $ (a)", "p -> q"):
        assert markdown_cell(text) == text.replace("R&D", "R&#38;D")  # which an entity's name could follow


def test_markdown_shows_a_name_as_it_is_at_the_start_of_a_line_too():
    shown = MarkdownIt("commonmark", {"html": True}).enable("strikethrough")
    for name in ("> quoted", " > quoted", "<b>x", "a > b"):
        assert shown.render(f"- {markdown_cell(name)}") == f"<ul>\n<li>{html.escape(name.strip())}</li>\n</ul>\n"


def read_latex(text):
    """What TeX would print of a cell: a reader of its own, that knows only the escapes that may occur."""
    spoken = {"textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~"}
    spoken |= {
        "textless": "<",
        "textgreater": ">",
        "textbar": "|",
        "uparrow": "\u2191",
        "downarrow": "\u2193",
        "pm": "±",
    }
    printed = re.sub(
        r"\\(text\w+)\{\}|\$\\(uparrow|downarrow|pm)\$|\\([%&_#{}$])|\{([\[*])\}|([\\^~<>|%&_#{}$])",
        lambda m: (
            spoken[m[1] or m[2]] if m[1] or m[2] else m[3] or m[4] or pytest.fail(f"{m[5]!r} not escaped in {text!r}")
        ),
        text,
    )
    assert "\n" not in printed
    return printed


def test_latex_prints_each_name_and_obeys_none():
    names = [*HOSTILE, "[1ex]", "*x"]
    text = latex_text(pd.DataFrame({"name_1": names, "value": -0.25}, index=names))
    needs, *lines = text.splitlines()
    assert needs == r"% needs \usepackage{booktabs}"
    assert lines[0] == r"\begin{tabular}{llr}"
    assert [lines[1], lines[3], *lines[-2:]] == [r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"]
    rows = [line.removesuffix(r" \\").split(" & ") for line in (lines[2], *lines[4:-2])]
    assert [read_latex(cell) for cell in rows[0]] == ["", "name_1", "value"]
    expected = [re.sub(r"[\t\r\n]+", " ", name) for name in names]
    assert [[read_latex(cell) for cell in row] for row in rows[1:]] == [[name, name, "-0.25"] for name in expected]
    assert not any(line.startswith(("[", "*")) for line in lines)


HEADS = ["Inception Score (proxy), one group \u2191", "truth: [L1] & garment_x \u2193", "n"]


def rows_of_latex(text):
    lines = text.splitlines()
    start, end = (next(i for i, line in enumerate(lines) if line == rule) for rule in (r"\toprule", r"\bottomrule"))
    return [line.removesuffix(r" \\").split(" & ") for line in lines[start + 1 : end] if line != r"\midrule"]


def test_a_table_wider_than_a_column_of_text_is_scaled_to_it_with_its_heads_in_lines():
    table = pd.DataFrame([["1.877 ± 0.2", "[0.1, 0.2]", 7]], index=["m" * 20], columns=HEADS)
    text = latex_text(table, "c", "tab:a")
    assert text.startswith("% needs \\usepackage{booktabs,graphicx}\n\\begin{table}\n")
    assert "\\small\n\\resizebox{\\linewidth}{!}{%\n\\begin{tabular}{lllr}\n" in text
    assert text.endswith("\\end{tabular}\n}\n\\end{table}\n")
    head, row = rows_of_latex(text)
    assert [read_latex(cell) for cell in row] == ["m" * 20, "1.877 ± 0.2", "[0.1, 0.2]", "7"]
    stacks = [re.fullmatch(r"\\shortstack\[l\]\{(.*)\}", cell) for cell in head]
    assert [bool(stack) for stack in stacks] == [False, True, True, False]
    for stack, name in zip(stacks[1:3], HEADS, strict=False):
        lines = stack[1].split(r"\\")
        assert [line for line in lines if line.startswith("[")] == [], "LaTeX would take it for a height"
        assert " ".join(read_latex(line) for line in lines) == name
        assert max(len(read_latex(line)) for line in lines) <= 11


def test_a_table_as_wide_as_the_text_is_left_as_it_is_and_a_character_more_is_not():
    for more, wide in ((0, False), (1, True)):
        text = latex_text(pd.DataFrame({"b": ["x" * (TEXT_WIDTH - 4 - 9 + more)]}, index=["y" * 9]))
        assert ("resizebox" in text, "graphicx" in text, r"\small" in text) == (wide,) * 3
        assert text.count("begingroup") == wide, "outside a float the size is of this table alone"


def test_a_wide_table_without_rows_is_written():
    assert r"\shortstack" in latex_text(pd.DataFrame(columns=[f"{name} {HEADS[0]}" for name in "abc"]))


def test_a_caption_is_escaped_and_a_label_refused_that_is_none():
    text = latex_text(pd.DataFrame({"a": [1]}), r"100% \input{x}", "tab:a_1".replace("_", "-"))
    assert r"\caption{100\% \textbackslash{}input\{x\}}" in text
    assert r"\label{tab:a-1}" in text
    with pytest.raises(ValueError, match="label: expected letters"):
        latex_text(pd.DataFrame({"a": [1]}), label=r"x}\input{y")


def test_what_is_not_there_is_an_empty_cell():
    table = pd.DataFrame({"a": ["x", None], "b": [np.nan, 1.0]}, index=["r", "s"])
    assert markdown_text(table).splitlines()[2:] == ["| r | x |  |", "| s |  | 1.0 |"]
    assert latex_text(table).splitlines()[5:7] == [r"r & x &  \\", r"s &  & 1.0 \\"]
