"""Run one notebook with parameters, by papermill, in a kernel that is this very interpreter."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import yaml

from viton.console import say
from viton.errors import InputError, UsageError
from viton.files import written_whole

START_TIMEOUT_S = 300  # a shared machine may need minutes for the imports of a kernel
INLINE = "module://matplotlib_inline.backend_inline"  # figures belong in the notebook, whatever the caller has set
QUIET_KERNEL = "--IPKernelApp.log_level=CRITICAL"  # else each says that it runs over TCP, and how it was stopped


def run_notebook(
    source: Path,
    out: Path,
    parameters: dict[str, object],
    html: Path | None = None,
    *,
    title: str = "",
    back: str = "",
    timeout: int | None = None,
) -> None:
    """Execute `source` into `out`, and `html` when it is given; both are written whole or not at all.

    Raises UsageError for a parameter that the notebook does not have, and InputError when a cell fails; the executed
    notebook, with the error in it, is at `out` then.   timeout: seconds for each cell, None for no limit.
    """
    _expect_notebook(source)
    _expect_known(source, parameters)
    _clear_leftovers(out)
    with written_whole(out) as temporary:
        failure = _execute(source, temporary, parameters, timeout)
    if html is not None:
        from viton_eval.notebook_page import write_page

        write_page(out, html, title or source.stem, back)
    if failure:
        raise InputError(source, "every cell to succeed", failure)


def parse_parameters(assignments: list[str], text: str = "") -> dict[str, object]:
    """`name=value` pairs over a YAML mapping; values are read as YAML."""
    try:
        values = yaml.safe_load(text) if text else {}
        if not isinstance(values, dict):
            raise UsageError(f"--params-yaml: expected keys and values, got {type(values).__name__}")
        for assignment in assignments:
            name, equals, value = assignment.partition("=")
            if not equals or not name.isidentifier():
                raise UsageError(f"-p {assignment}: expected name=value")
            values[name] = yaml.safe_load(value) if value else ""
    except yaml.YAMLError as error:
        raise UsageError(f"parameters: expected YAML, got {' '.join(str(error).split())}") from error
    return values


def _expect_notebook(source: Path) -> None:
    if not source.is_file():
        known = ", ".join(sorted(path.name for path in source.parent.glob("*.ipynb"))) or "no notebook"
        raise InputError(source, f"a notebook; in its folder there is {known}", "no such file")
    import nbformat

    try:
        nbformat.read(source, as_version=4)
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:  # NotJSONError is a ValueError
        raise InputError(source, "a Jupyter notebook", str(error).splitlines()[0][:200]) from error


def _expect_known(source: Path, parameters: dict[str, object]) -> None:
    import papermill

    known = sorted(papermill.inspect_notebook(str(source)))
    for name in parameters:
        if name not in known:
            has = f"its parameters are {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{source}: unknown parameter '{name}'; {has}")


def _clear_leftovers(out: Path) -> None:
    """Remove what killed runs left beside `out`."""
    for leftover in out.parent.glob(f".{out.stem}.????????{out.suffix}"):
        leftover.unlink(missing_ok=True)


def _execute(source: Path, out: Path, parameters: dict[str, object], timeout: int | None) -> str:
    """Execute and return what went wrong in a cell, "" if nothing; a kernel that does not start is tried once more."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    for attempt in (1, 2):
        started: list[bool] = []
        try:
            _papermill(source, out, parameters, timeout, started)
        except PapermillExecutionError as error:
            what = _first_line(f"{error.ename}: {error.evalue}")
            return f"cell {error.exec_count}: {what}"
        except (DeadKernelError, CellTimeoutError) as error:
            if started:
                return _first_line(str(error))
            _start_failed(source, error, attempt)
        except (RuntimeError, OSError) as error:  # what jupyter_client raises when a kernel does not come up
            if started:
                raise
            _start_failed(source, error, attempt)
        else:
            return ""
    raise AssertionError("the second attempt returns or raises")


def _start_failed(source: Path, error: Exception, attempt: int) -> None:
    """Say so the first time; raise InputError the second."""
    if attempt == 2:
        raise InputError(source, "a kernel that starts", _first_line(str(error))) from error
    say(f"{source}: the kernel did not start ({_first_line(str(error))}); trying once more")


def _papermill(
    source: Path, out: Path, parameters: dict[str, object], timeout: int | None, started: list[bool]
) -> None:
    """Execute in a kernel of this interpreter; `started` gets an entry once the kernel has answered."""
    import papermill

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it says, we say in one line
    papermill.execute_notebook(
        str(source),
        str(out),
        parameters=parameters,
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
        start_timeout=START_TIMEOUT_S,
        execution_timeout=timeout,
        kernel_manager_class=_own_kernel(),
        on_notebook_start=lambda **_: started.append(True),
    )


def _own_kernel() -> type:
    """A kernel manager that knows one kernel: this interpreter. No kernelspec of the user's can shadow it."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", QUIET_KERNEL]
            return KernelSpec(argv=argv, display_name="Python 3", language="python", env={"MPLBACKEND": INLINE})

    return OwnKernel


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")[:300]
