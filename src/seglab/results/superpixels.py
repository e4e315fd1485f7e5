"""The table of superpixels: a row an input × method × weight, photos beside what networks paint."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from seglab.results.cells import short_ids, tag
from seglab.results.experiments import experiments
from seglab.results.table import (
    PAINTING,
    PARTS,
    Column,
    ResultsTable,
    arranged,
    measured,
    typed,
)
from seglab.results.verdicts import RECALL_COMPACTNESS

PHOTO = "photo"
POINT = ["input", "method", "weight", "update", "asked"]
"""What makes one row of a judged run's pictures."""
COLUMNS = (
    Column("superpixels", "Mean", "K", last=True),
    Column("boundary_recall", "Mean", "BR", last=True),
    Column("undersegmentation", "Mean", "UE", last=True),
    Column("undersegmentation_np", "Mean", "UE NP", last=True),
    Column("compactness_pixels", "Mean CO", "by rim", last=True),
    Column("compactness", "Mean CO", "by edges", last=True),
)
SETTINGS = ("parts", "weight", "colour", "width", "epochs", "pictures", "seeds")
OF_TRAINING = ("width", "epochs", "pictures", "seeds")
METHODS = {"slic": "SLIC", "eikonal": "Eikonal (FMS)"}
"""Names of methods as the study prints them; the others go by their own."""
STUDYS = ("bsds500", 400)
STUDYS_POINTS = (("eikonal", 7.0, "seed"), ("slic", 10.0, ""))
"""The study's superpixels: pictures and number; method, weight and colour."""


def superpixels_table(
    runs: pd.DataFrame, judged: Mapping[str, pd.DataFrame]
) -> ResultsTable | None:
    """Scores of all judged superpixels, over pictures and seeds; None without any.

    ``judged`` has the per-picture rows of each run that judged superpixels: a training that
    ``reproduce`` scored, or a run of its own, of photos alone or of a network that its tag names;
    scores of a network's last epoch are columns that end in ``_last``.
    Photos that several runs judged alike are one row. Published figures stand beside the study's
    own points.
    """
    rows = points(runs, judged)
    if rows.empty:
        return None
    every = typed(runs)
    trained = (every["task"] == PAINTING) & ~every["pruned"]
    unjudged = every[trained & ~every["run_id"].isin(rows["painter"])]
    return ResultsTable(
        name="superpixels",
        title="Superpixels of photos, and of what networks paint",
        columns=COLUMNS,
        rows=arranged(rows, COLUMNS, SETTINGS),
        unevaluated=tuple(short_ids(row) for _, row in unjudged.iterrows()),
        settings=SETTINGS,
        blocks=("parts",),
        partial=("weight", "colour", *OF_TRAINING),
    )


def points(runs: pd.DataFrame, judged: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a judging run and point, oldest first, photos once: what ``arranged`` takes of it.

    Beside this it has ``COLUMNS``, ``POINT``, key (of the experiment; empty if it is of none) and
    painter (run id of the network's training; empty for photos).
    """
    rows = []
    described = by_run(runs)
    painted = painters(runs)
    for run_id, pictures in judged.items():
        run = described[run_id]
        pictures = pictures.assign(update=pictures["update"].map(colour, na_action=None))
        scores = [key for column in COLUMNS for key in measured(column) if key in pictures]
        parts = "+".join(dict.fromkeys(pictures["part"]))
        for values, group in pictures.groupby(POINT, sort=False, dropna=False):
            point = dict(zip(POINT, values, strict=True))
            source = source_of(point, described.get(painted.get(run_id, "")))
            where = {"dataset": run["judged"], "parts": parts, "split": parts, "saliency": ""}
            of_run = {n: run[n] for n in ("run_id", "start_time", "status", "judged_digest")}
            rows.append(of_run | where | point | source | dict(group[scores].mean()))
    if not rows:
        return pd.DataFrame(columns=[*POINT, "painter"])
    for row in rows:
        row["colour"] = row["update"]
        row["configuration"] = repr([row[n] for n in ("parts", "judged_digest", *POINT, "trained")])
        row["params"] = row["params"] | {"judged data": row["judged_digest"][:8]}
        row["published"] = published_beside(row)
    frame = pd.DataFrame(rows).sort_values(["start_time", "run_id"], kind="stable")
    scores = [key for column in COLUMNS for key in measured(column)]
    frame = frame.reindex(columns=list(dict.fromkeys([*frame, *scores])))
    again = frame.duplicated(["dataset", "configuration"]) & (frame["input"] == PHOTO)
    return frame[~again].reset_index(drop=True)


def by_run(runs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """``typed`` rows by run, with title and digest of the pictures that superpixels were judged on.

    A training that ``reproduce`` scored has tags for these; a run of its own judged its data.
    """
    described = typed(runs)
    title, digest = tag(runs, "judged_title"), tag(runs, "judged_digest")
    own = title == ""
    described["judged"] = title.where(~own, described["dataset"])
    described["judged_digest"] = digest.where(~own, tag(runs, "data_digest"))
    return {str(r["run_id"]): r for r in described.to_dict("records")}  # type: ignore[misc]


def painters(runs: pd.DataFrame) -> dict[str, str]:
    """The training whose network's output each run judged: itself, or the one its tag names."""
    rows = typed(runs)
    targets = tag(runs, "target_run").where(rows["experiment"] == "", rows["run_id"])
    return dict(zip(rows["run_id"], targets, strict=True))


def curves_by_painter(
    runs: pd.DataFrame, judged: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Eikonal superpixels of what each painter's network paints and of the photos, by its training.

    Columns image, input, weight, judging (the pictures and settings of the judging that a row is
    of) and ``RECALL_COMPACTNESS``. Picture files have no segments to recall: what was judged on
    them is no curve. Where a point was judged alike twice, the newer one stands last.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    described, painted = by_run(runs), painters(runs)
    for run_id in runs.sort_values("start_time", kind="stable")["run_id"]:
        rows = judged.get(run_id)
        if rows is None or not painted[run_id] or not {*RECALL_COMPACTNESS} <= {*rows}:
            continue
        rows = rows[rows["method"] == "eikonal"]
        if rows.empty:
            continue
        parts = "+".join(part for part in PARTS if part in set(rows["part"]))
        of_data = f", data {digest[:8]}" if (digest := described[run_id]["judged_digest"]) else ""
        told = f"judged on {described[run_id]['judged']} ({parts}){of_data}"
        kinds = zip(rows["asked"], rows["update"], strict=True)
        judging = [
            f"{told}, {asked} superpixels, {colour(update)} colour" for asked, update in kinds
        ]
        columns = ["image", "input", "weight", "judging", *RECALL_COMPACTNESS]
        found.setdefault(painted[run_id], []).append(rows.assign(judging=judging)[columns])
    return {painter: pd.concat(frames, ignore_index=True) for painter, frames in found.items()}


def source_of(point: Mapping[str, Any], trained: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whose superpixels a point has: a photo's, or those of the output of a run's network."""
    method = point["method"]
    name = METHODS.get(method, str(method).replace("_", " "))
    if trained is None or point["input"] == PHOTO:
        # Photos first, the study's methods before the others; unknown networks last.
        photo = point["input"] == PHOTO
        order = [*METHODS, method].index(method)
        title = f"{name} of the {'photo' if photo else 'output of an unknown network'}"
        place = order - len(METHODS) - 1 if photo else len(experiments())
        key = method if photo and method in METHODS else ""
        blank: dict[str, Any] = dict.fromkeys(OF_TRAINING, pd.NA)
        blank |= {"seeds": "", "targets": "", "trained": "", "painter": "", "params": {}}
        return blank | {"experiment": title, "place": place, "key": key}
    own = "" if method == "eikonal" else f", {name}"
    place = trained["place"]
    return {
        **{name: trained[name] for name in (*OF_TRAINING, "place", "targets")},
        "params": trained["params"] | {"targets": trained["targets"]},
        "trained": repr([trained["configuration"], trained["targets"]]),
        "painter": trained["run_id"],
        "experiment": f"{trained['experiment']}{own}",
        "key": experiments()[place].key if place < len(experiments()) else "",
    }


def colour(update: object) -> str:
    """What eikonal fronts compare colours with; empty for other methods."""
    return "" if pd.isna(update) else ("mean" if update else "seed")  # type: ignore[call-overload]


def published_beside(row: Mapping[str, Any]) -> object:
    """The experiment whose figures stand beside a point; None beside all but the study's own."""
    point = row["method"], row["weight"], row["update"]
    if (row["dataset"], row["asked"]) != STUDYS or point not in STUDYS_POINTS:
        return None
    return next((e for e in experiments() if e.key == row["key"]), None)
