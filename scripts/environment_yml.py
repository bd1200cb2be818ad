"""Write environment.yml from pyproject.toml, so that the two cannot differ.

Conda brings Python and pip; all else comes from PyPI under the same names and ranges as in pyproject.toml.
"""

import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made from pyproject.toml by scripts/environment_yml.py; do not edit.\n"


class _Indented(yaml.SafeDumper):
    """Indents lists below their key, as conda's own files do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def environment_yml(pyproject: str) -> str:
    """Return the text of environment.yml for the text of a pyproject.toml."""
    project = tomllib.loads(pyproject)["project"]
    packages = [*project["dependencies"], *project["optional-dependencies"]["dev"], "-e ."]
    environment = {
        "name": project["name"],
        "channels": ["conda-forge"],
        "dependencies": [f"python{project['requires-python']}", "pip", {"pip": packages}],
    }
    return HEADER + yaml.dump(environment, Dumper=_Indented, sort_keys=False)


def main() -> int:
    """Write environment.yml, or with --check only say whether it is up to date."""
    text = environment_yml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    path = ROOT / "environment.yml"
    if sys.argv[1:] == ["--check"]:
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        if not same:
            print(
                "environment.yml: differs from pyproject.toml; run python scripts/environment_yml.py", file=sys.stderr
            )
        return 0 if same else 1
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
