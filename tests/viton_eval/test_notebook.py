"""Running one notebook: parameters, errors, the kernel, the page."""

import json
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from viton.errors import InputError, UsageError
from viton_eval import notebook as runner
from viton_eval.notebook import parse_parameters, run_notebook
from viton_eval.notebook_page import write_page

PARAMETERS = "x = 1\nname = 'none'"
LOADS = re.compile(
    r"""(?:src|href|data|poster|action)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//""", re.I
)


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of these code cells; its parameters are x and name."""

    def write(*cells, kernel="python3", markdown="# A question"):
        made = nbformat.v4.new_notebook()
        made.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
        tagged = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        made.cells = [nbformat.v4.new_markdown_cell(markdown), tagged, *map(nbformat.v4.new_code_cell, cells)]
        nbformat.write(made, tmp_path / "essay.ipynb")
        return tmp_path / "essay.ipynb"

    return write


def printed(path):
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def run(*arguments, **options):
    command = [sys.executable, "-m", "viton_eval", "nb", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def test_a_notebook_runs_with_its_parameters_in_this_very_interpreter(notebook, tmp_path, monkeypatch):
    shadow = tmp_path / "user/kernels/python3"
    shadow.mkdir(parents=True)
    spec = {"argv": ["false", "{connection_file}"], "display_name": "Shadow", "language": "python"}
    (shadow / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "user"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "user"))
    source = notebook("import sys\nprint(x, name, sys.prefix)", kernel="someone-elses")
    done = run(source, tmp_path / "out/done.ipynb", "-p", "x=[1, 2.5]", "-p", "name=a b")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [f"wrote {tmp_path / 'out/done.ipynb'}"]
    assert printed(tmp_path / "out/done.ipynb") == f"[1, 2.5] a b {sys.prefix}\n"


def test_json_says_what_was_written_and_how_it_went(notebook, tmp_path):
    out, html = tmp_path / "done.ipynb", tmp_path / "done.html"
    source = notebook("1 / x")
    done = run(source, out, "--html", html, "--json")
    told = {"notebook": str(source), "out": str(out), "html": str(html)}
    assert json.loads(done.stdout) == told | {"status": "ok"}
    failed = run(source, out, "-p", "x=0", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout) == told | {"html": None, "status": "failed"}
    assert "ZeroDivisionError" in failed.stderr


def test_an_unknown_parameter_is_wrong_usage_that_names_the_known_ones(notebook, tmp_path):
    done = run(notebook("1"), tmp_path / "done.ipynb", "-p", "y=3")
    assert done.returncode == 2
    assert done.stderr.endswith("essay.ipynb: unknown parameter 'y'; its parameters are name, x\n")
    assert not (tmp_path / "done.ipynb").exists()


def test_a_failing_cell_is_told_in_one_line_and_stays_in_the_notebook(notebook, tmp_path):
    source, out, html = notebook("print(absent)", "print('after')"), tmp_path / "done.ipynb", tmp_path / "done.html"
    with pytest.raises(InputError, match=r"got cell \d+: NameError: name 'absent' is not defined$"):
        run_notebook(source, out, {"x": 2}, html)
    assert "NameError" in out.read_text()
    assert "NameError" in html.read_text()
    assert printed(out) == ""


def test_a_cell_that_takes_too_long_is_stopped_and_what_ran_is_kept(notebook, tmp_path):
    out = tmp_path / "done.ipynb"
    with pytest.raises(InputError, match="timed out"):
        run_notebook(notebook("print('before')", "import time; time.sleep(60)"), out, {}, timeout=2)
    assert printed(out) == "before\n"


def test_a_kernel_that_does_not_start_is_tried_once_more(notebook, tmp_path, monkeypatch, capsys):
    attempts = []

    def stillborn(*arguments):
        attempts.append(arguments)
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(runner, "_papermill", stillborn)
    with pytest.raises(InputError, match="expected a kernel that starts, got Kernel died before replying"):
        run_notebook(notebook("1"), tmp_path / "done.ipynb", {})
    assert len(attempts) == 2
    assert "trying once more" in capsys.readouterr().err
    assert not (tmp_path / "done.ipynb").exists()


def test_a_killed_run_leaves_nothing_half_written(notebook, tmp_path):
    source, out = notebook("print('here', flush=True)\nimport time; time.sleep(60)"), tmp_path / "out/done.ipynb"
    out.parent.mkdir()
    out.write_text("the one before")
    command = [sys.executable, "-m", "viton_eval", "nb", "run", str(source), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not any(path.stat().st_size for path in out.parent.glob(".done.*.ipynb")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert out.read_text() == "the one before"
    run_notebook(notebook("print('again')"), out, {})
    assert printed(out) == "again\n"
    assert [path.name for path in out.parent.iterdir()] == ["done.ipynb"]


@pytest.mark.parametrize(
    ("content", "got"), [(None, "no such file"), ("{", "Notebook does not appear to be JSON"), ("{}", "")]
)
def test_a_file_that_is_no_notebook_is_refused_in_one_line(tmp_path, content, got):
    path = tmp_path / "essay.ipynb"
    if content is not None:
        path.write_text(content)
    done = run(path, tmp_path / "done.ipynb")
    assert done.returncode == 1
    assert got in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_values_of_parameters_are_read_as_yaml_and_single_ones_win():
    values = parse_parameters(["a=0.5", "b=[x, 'y']", 'c="no"', "d=", "e=k=v"], "{a: 1, f: null}")
    assert values == {"a": 0.5, "b": ["x", "y"], "c": "no", "d": "", "e": "k=v", "f": None}


@pytest.mark.parametrize(("assignment", "text"), [("a", ""), ("a b=1", ""), ("a={", ""), ("a=1", "[1]")])
def test_parameters_that_are_none_are_wrong_usage(assignment, text):
    with pytest.raises(UsageError):
        parse_parameters([assignment], text)


def test_a_page_has_its_images_and_styles_inside_and_loads_nothing(tmp_path):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    figure = nbformat.v4.new_output("display_data", {"image/png": pixel, "text/plain": "<Figure>"})
    table = nbformat.v4.new_output("display_data", {"text/html": "<table><tr><td>1</td></tr></table>"})
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("# Which?\n\nSee [the paper](https://arxiv.org/abs/1711.08447)."),
        nbformat.v4.new_code_cell("secret = 1", outputs=[figure, table]),
    ]
    nbformat.write(made, tmp_path / "essay.ipynb")
    write_page(tmp_path / "essay.ipynb", tmp_path / "essay.html", "A <title> & more", "../index.html")
    page = (tmp_path / "essay.html").read_text()
    without_links = re.sub(r"<a\b[^>]*>", "", page)
    assert LOADS.findall(without_links) == []
    assert f"data:image/png;base64,{pixel}" in page
    assert "<title>A &lt;title&gt; &amp; more</title>" in page
    assert 'href="../index.html"' in page
    assert "Show code" in page
    assert "secret" in page


def test_help_answers_at_once_and_ends_with_an_example():
    started = time.monotonic()
    for verb in [["nb", "run"], ["report"], ["step"]]:
        command = [sys.executable, "-m", "viton_eval", *verb, "--help"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0
        assert "Example: viton-eval" in done.stdout
        assert verb != ["nb", "run"] or "--back" in done.stdout, "the report's commands have it"
    assert time.monotonic() - started < 3
