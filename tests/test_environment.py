"""environment.yml says the same as pyproject.toml, and the pins travel to every platform."""

import importlib.util
import platform
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OWNERS_EIGHT = {
    "torch",
    "torchvision",
    "jupyterlab",
    "papermill",
    "torchmetrics",
    "pandas",
    "matplotlib",
    "opencv-python",
}
BY_PLATFORM = re.compile(r"^(torch|torchvision|triton|nvidia-.*|cuda-.*|viton)$", re.IGNORECASE)


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("environment_yml", ROOT / "scripts" / "environment_yml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _pip_section(environment):
    sections = [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)]
    assert len(sections) == 1
    return sections[0]


def test_environment_yml_is_what_the_generator_writes(generator):
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == generator.environment_yml(pyproject)


def test_the_generator_follows_pyproject(generator):
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    changed = pyproject.replace('"pandas>=2.2,<4"', '"pandas>=2.3,<5"')
    assert changed != pyproject
    assert "- pandas>=2.3,<5\n" in generator.environment_yml(changed)


def test_conda_brings_python_and_pip_only(environment, project):
    by_conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    assert by_conda == [f"python{project['requires-python']}", "pip"]


def test_the_python_line_allows_exactly_what_pyproject_allows(environment, project):
    by_conda = SpecifierSet(environment["dependencies"][0].removeprefix("python"))
    allowed = SpecifierSet(project["requires-python"])
    for version in ["3.10.13", "3.11.0", "3.12.4", "3.14.0"]:
        assert by_conda.contains(version) == allowed.contains(version)
    assert by_conda.contains(platform.python_version())


def test_each_pip_line_is_a_requirement_and_the_last_is_the_project(environment):
    *packages, project_itself = _pip_section(environment)
    assert project_itself == "-e ."
    for line in packages:
        requirement = Requirement(line)
        assert requirement.url is None
        assert not any(specifier.operator == "==" for specifier in requirement.specifier), line


def test_the_owners_eight_packages_are_named_in_both(environment, project):
    in_environment = {Requirement(line).name for line in _pip_section(environment)[:-1]}
    in_pyproject = {Requirement(line).name for line in project["dependencies"]}
    assert OWNERS_EIGHT - in_environment == set()
    assert OWNERS_EIGHT - in_pyproject == set()


def test_each_constraint_is_an_exact_version_without_an_address(pins):
    assert len(pins) > 100
    for line in pins:
        requirement = Requirement(line)
        assert requirement.url is None, line
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], line
        assert not re.search(r"[/@+]|://", line), line


def test_nothing_that_differs_by_platform_is_pinned(pins):
    assert [line for line in pins if BY_PLATFORM.match(Requirement(line).name)] == []


def test_each_pin_is_within_the_range_of_pyproject(pins, project):
    each = [Requirement(line) for line in pins]
    pinned = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in each}
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        if not BY_PLATFORM.match(requirement.name):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


@pytest.mark.slow
def test_the_pip_section_resolves_in_a_clean_environment(environment, tmp_path):
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n".join(_pip_section(environment)[:-1]) + f"\n-e {ROOT}\n")
    command = [python, "-m", "pip", "install", "--dry-run", "--disable-pip-version-check", "-r", requirements]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    would_install = done.stdout.splitlines()[-1].lower()
    assert would_install.startswith("would install")
    for package in OWNERS_EIGHT:
        assert f" {package}-" in would_install
