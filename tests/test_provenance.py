"""Where an artefact comes from."""

from viton.provenance import program


def test_a_command_is_told_as_it_was_typed(tmp_path):
    assert program(tmp_path / "viton_eval" / "__main__.py") == "python -m viton_eval"
    assert program(tmp_path / "bin" / "viton") == "viton"
