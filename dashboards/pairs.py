"""Which two rows are compared unless others are chosen, and in what two rows differ."""

from itertools import combinations

from dashboards.choices import Choice
from seglab.results.apart import MOVES_WORK, differing
from seglab.results.table import ResultsTable

NEAR = 20
"""Rows with the best scores, among which two that differ in little are looked for."""


def best_two(table: ResultsTable, rows: list[Choice], runs: list[Choice]) -> list[Choice]:
    """The two rows with the best test IoU among those that differ in their inputs alone.

    Where there are no such two, those of a data set that differ in the fewest parameters; where no
    data set has two rows, two seeds of a row. In the order of the results table. Fewer than two
    where there is no second row and no second run of the first.
    """
    scores = zip(table.rows["run_id"], table.rows["test_iou"].fillna(-1), strict=True)
    iou = {run: value for ids, value in scores for run in ids.split(",")}
    ranked = sorted(rows, key=lambda row: -max(iou.get(run, -1) for run in row.runs))
    like: dict[object, list[Choice]] = {}
    for row in ranked:
        like.setdefault((row.dataset, settings(row)), []).append(row)
    for row in ranked:
        for other in like[row.dataset, settings(row)]:
            if other.params["inputs"] != row.params["inputs"]:
                return sorted([row, other], key=rows.index)
    pairs = [two for two in combinations(ranked[:NEAR], 2) if two[0].dataset == two[1].dataset]
    if pairs:
        return sorted(min(pairs, key=lambda two: len(between(*two))), key=rows.index)
    for row in ranked:
        seeds = [run for run in runs if run.runs[0] in row.runs]
        if len(seeds) > 1:
            return seeds[:2]
    return rows[:2]


def settings(row: Choice) -> frozenset[tuple[str, str]]:
    """All parameters in which rows agree that compare their inputs."""
    left = {"inputs", "saliency maps", *MOVES_WORK}
    return frozenset((name, value) for name, value in row.params.items() if name not in left)


def between(one: Choice, other: Choice) -> list[str]:
    """Parameters in which two rows differ."""
    return differing([one.params, other.params], ())


def apart(a: Choice, b: Choice) -> str:
    """In what A and B differ, as a sentence."""
    names = between(a, b)
    if a.dataset != b.dataset:
        return f"A is of {a.dataset}, B of {b.dataset}: pictures of one name are compared."
    if not names:
        return "A and B agree in all parameters but the seed."
    return f"They differ in {', '.join(f'{n} ({a.params[n]} → {b.params[n]})' for n in names)}."
