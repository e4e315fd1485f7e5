"""The page of benchmarks; the benchmarks themselves are run by hand."""

import pytest

from benchmarks import page
from benchmarks.everything import SETS
from benchmarks.measure import Row


def test_the_page_is_made_of_the_results_that_were_kept():
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_every_benchmark_of_a_set_is_there():
    names = {name for benchmarks in SETS.values() for name in benchmarks}
    assert all((page.ROOT / "benchmarks" / f"{name}.py").is_file() for name in names)


@pytest.mark.parametrize(("ours", "reached"), [(2.0, True), (6.0, False)])
def test_a_goal_beside_a_peer_is_a_ratio(ours, reached):
    row = Row(what="step", ours=ours, unit="s", against="plain", theirs=10.0, most=0.5)
    assert row.ratio == pytest.approx(ours / 10)
    assert row.reached is reached


def test_a_goal_without_a_peer_is_a_figure():
    assert Row(what="step", ours=14.0, unit="ms", most=15).reached is True
    assert Row(what="step", ours=14.0, unit="ms").reached is None
