import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_package_named_tests_among_the_installed_ones_does_not_hide_this_folder(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    own = ROOT / "tests" / "toy_stage.py"
    paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]"
    code = f"{paths}; from importlib.util import find_spec; print(find_spec('tests.toy_stage').origin)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip() == str(own), done.stderr
