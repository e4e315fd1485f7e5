"""What bf16 costs in quality: test scores over seeds, and saliency maps, beside fp32.

    for precision in fp32 bf16; do for seed in 0 1 2 3 4; do
      python -m entry_points.train --dataset icoseg --inputs rgb --width 8 \\
        --precision $precision --seed $seed
      # and score it with the command that it prints
    done; done
    PYTHONPATH=src python -m benchmarks.precision --output benchmarks/results/cpu/precision.json

Takes the scored runs of an experiment that differ in precision and seed alone.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import tyro
from scipy.stats import t

from benchmarks.measure import Row, report
from seglab.data.pictures import PictureSet, open_pictures
from seglab.results.apart import configuration
from seglab.results.table import typed
from seglab.saliency.config import RULES, SaliencyConfig
from seglab.saliency.fill import resolve_settings
from seglab.saliency.maps import MapByRule, saliency_maps
from seglab.saliency.vgg import load_vgg16
from seglab.tracking.reader import read_runs

SCORES = {"test_iou": "IoU", "test_dice": "Dice"}
TWO = ("bf16", "fp32")
COARSE = ("mixed", "bf16")
"""Precisions whose maps are held against those of fp32; auto may take the first."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Differences of bf16 and fp32."""

    experiment: str = "Default"
    """MLflow experiment with the trainings."""
    data_dir: str = "data"
    """Where iCoseg is prepared."""
    weights: str = "auto"
    """VGG16 weights, as for the saliency job."""
    pictures: int = 5
    """Test pictures whose maps are compared."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Compares and reports."""
    runs = read_runs(benchmark.experiment)
    rows, details = of_trainings(runs)
    icoseg = open_pictures(benchmark.data_dir, "icoseg")
    rows += of_maps(icoseg, benchmark.weights, benchmark.pictures)
    report("precision", rows, details, benchmark.output)


def of_trainings(runs: pd.DataFrame) -> tuple[list[Row], dict[str, object]]:
    """Difference of the precisions' mean test scores, held against what it owes to seeds.

    That is half of its 95 % interval, by Student's t over the differences seed by seed.
    """
    known = typed(runs).assign(precision=runs["tags.seglab.precision"])
    known["rest"] = [configuration({**p, "precision": ""}) for p in known["params"]]
    known = known[known["test_iou"].notna()]
    rows: list[Row] = []
    details: dict[str, object] = {}
    for _, alike in known.groupby("rest", sort=False):
        newest = alike.sort_values("start_time").drop_duplicates(
            ["precision", "seeds"], keep="last"
        )
        by_seed = newest.set_index(["seeds", "precision"]).sort_index()
        whole = by_seed[list(SCORES)].unstack().dropna()
        if not set(TWO) <= set(newest["precision"]) or len(whole) < 2:
            continue
        first = alike.iloc[0]
        what = f"{first['dataset']}, {first['experiment']}, width {first['width']}"
        for score, name in SCORES.items():
            gaps = whole[score]["bf16"] - whole[score]["fp32"]
            half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5
            rows.append(
                Row(
                    what=f"test {name} of bf16 less fp32: {what}",
                    ours=abs(float(gaps.mean())),
                    unit=name,
                    against=f"half of its 95 % interval over {len(gaps)} seeds",
                    theirs=float(half),
                    most=1,
                )
            )
            details[f"{what}: {score}"] = {p: whole[score][p].round(4).to_dict() for p in TWO}
    return rows, details


def of_maps(pictures: PictureSet, weights: str, number: int) -> list[Row]:
    """Median difference of saliency maps from those of fp32 in grey levels, rule by rule."""
    names = pictures.names("published", "test", number)
    maps: dict[str, list[MapByRule]] = {}
    for precision in (*COARSE, "fp32"):
        network = load_vgg16(weights, precision)
        settings = resolve_settings(SaliencyConfig(target="features"), network)
        maps[precision] = [
            saliency_maps(network, pictures.image(name), RULES, settings) for name in names
        ]
    found = []
    for precision, rule in product(COARSE, RULES):
        gaps = [
            np.abs(rough[rule].astype(int) - exact[rule]).ravel()
            for rough, exact in zip(maps[precision], maps["fp32"], strict=True)
        ]
        what = f"{rule} maps of {len(names)} iCoseg pictures, "
        what += f"median distance of {precision} from fp32"
        gap = float(np.median(np.concatenate(gaps)))
        most = 1 if precision == "mixed" else None  # bf16 is taken only where it is asked for
        found.append(Row(what=what, ours=gap, unit="grey levels", most=most))
    return found


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
