"""Which two rows are compared at first: like with like, where there is such a pair."""

import pandas as pd

from dashboards.choices import Choice
from dashboards.pairs import apart, best_two
from seglab.results.table import SCORE_COLUMNS, ResultsTable


def row(run, inputs, dataset="icoseg", **params):
    params = {"inputs": inputs, "epochs": "20", "seed": run[-1], **params}
    return Choice(run, tuple(run.split(",")), inputs, dataset, "#222222", "", params)


def pair(*scored, runs=()):
    rows = [choice for choice, _ in scored]
    table = pd.DataFrame({"run_id": [c.name for c in rows], "test_iou": [iou for _, iou in scored]})
    return best_two(ResultsTable("results", "", SCORE_COLUMNS, table), rows, list(runs))


def test_two_that_differ_in_inputs_alone_go_before_better_ones():
    long, short = row("r0", "rgb"), row("r1", "rgb", epochs="5")
    guided = row("g1", "rgb+guided", epochs="5")
    elsewhere = row("i1", "rgb+guided", dataset="inria")
    scored = [(guided, 0.5), (long, 0.9), (elsewhere, 0.8), (short, 0.3)]
    assert pair(*scored) == [guided, short]
    assert pair(*scored[:3]) == [guided, long]
    assert apart(guided, short) == "They differ in inputs (rgb+guided → rgb)."
    assert "epochs (5 → 20), inputs" in apart(guided, long)


def test_of_unlike_rows_those_that_differ_least():
    rows = [
        (row("r0", "rgb", epochs="5", width="8"), 0.9),
        (row("r1", "guided", epochs="9", width="64"), 0.8),
        (row("r2", "rgb", epochs="9", width="8"), 0.1),
    ]
    assert pair(*rows) == [rows[0][0], rows[2][0]]


def test_seeds_of_a_row_that_is_alone():
    alone = row("r0,r1", "rgb")
    seeds = [alone._replace(runs=(run,)) for run in alone.runs]
    assert pair((alone, 0.5), (row("i0", "rgb", dataset="inria"), 0.9), runs=seeds) == seeds
    assert "all parameters but the seed" in apart(*seeds)
