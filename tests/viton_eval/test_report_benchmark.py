"""`make bench`, report: that it measures what it says, on a report of a size that a test has time for."""

import pytest

from benchmarks.report import Measured, files, measure


@pytest.mark.browser
def test_a_report_is_assembled_twice_and_read_in_a_browser(tmp_path, chromium_there):
    found = {row.what: row for row in measure(tmp_path, 30, (64, 48))}
    count, whole, own = files(tmp_path / "reports/large")
    assert found["files"].value == count > 30 * 14
    assert 0 < own < whole
    assert 0 < found["assembled again, nothing changed"].value < found["assembled from nothing"].value
    assert found["pictures that a page of the grid loads, scrolled to its end"].value == 24 * 10 - 1  # one has failed
    assert "turns a page (median of 1)" in found
    assert all(row.value > 0 for row in found.values() if "task" not in row.what)


def test_a_budget_is_missed_above_it():
    assert Measured("a", 2.1, "s", 2.0).missed
    assert not Measured("a", 2.0, "s", 2.0).missed
    assert not Measured("a", 9.0, "s").missed
