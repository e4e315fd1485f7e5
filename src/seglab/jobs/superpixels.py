"""The superpixels job: pictures, and what a network makes of them → superpixels, judged."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from tqdm import tqdm

from seglab.data.decode import write_png
from seglab.data.files import atomic_write, digest_array, digest_of
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.remote import local_copy
from seglab.data.shared import kept_copies
from seglab.errors import RUN, ConfigError, DataError
from seglab.evaluation.predict import painted
from seglab.figures.gallery import gallery
from seglab.figures.style import save_figure
from seglab.figures.tradeoff import tradeoff
from seglab.jobs.code import code_digest
from seglab.jobs.describe import log_pictures
from seglab.jobs.last_epoch import last_epoch
from seglab.jobs.predict import find_pictures
from seglab.jobs.stacker import Stacker
from seglab.jobs.train import MODEL
from seglab.networks.precision import resolve_device
from seglab.superpixels.config import SuperpixelsConfig
from seglab.superpixels.judge import (
    NETWORK,
    Files,
    Judge,
    Pictures,
    judge,
    points,
    scores_of,
    summary,
)
from seglab.superpixels.outlines import outlined
from seglab.superpixels.segment import segment
from seglab.tracking.reader import download_model, run_info
from seglab.tracking.run import Run, start_run
from seglab.tracking.store import ui_hint
from seglab.training.checkpoint import Trained, load_best

LAST_EPOCH = "last epoch"
"""The input that a network's last epoch paints, while it is judged beside that of its best one."""
JUDGED_RECIPE = "seglab.judged_recipe"
"""Tag of a run: ``recipe`` of its scores of superpixels, but for whose they are."""
SHOWN = 3
"""Pictures drawn in the figure of boundaries."""
PRINTED = ["weight", "superpixels", "boundary_recall", "undersegmentation", "compactness"]
PRINTED += ["explained_variation", "seconds"]


@dataclass(frozen=True)
class Judged:
    """The pictures of a job, opened before its run starts."""

    pictures: Pictures
    names: Mapping[str, Sequence[str]]
    """By part; "" where pictures have none."""

    @property
    def all_names(self) -> list[str]:
        """Every picture that is judged."""
        return [name for names in self.names.values() for name in names]


def superpixels(config: SuperpixelsConfig) -> None:
    """Segments, judges and draws as ``config`` says, in a run of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        trained = load_painter(config.run, Path(scratch)) if config.run else None
        judged = open_judged(config)
        with start_run(
            title_of(config), params=asdict(config), tags=tags_of(config, judged)
        ) as run:
            log_judged(run, config, judged)
            superpixels_into(run, config, judged, trained, Path(scratch))
            print(f"run {run.id}; its artifacts in superpixels/ hold rows, curves and pictures")
            print(f"see them with\n  {ui_hint(run.experiment_id)}")


def title_of(config: SuperpixelsConfig) -> str:
    """Name of the run that judges alone."""
    return f"superpixels {config.images or config.dataset}"


def recipe(config: SuperpixelsConfig, pictures: PictureSet) -> str:
    """Digest of all that determines the scores: runs of one recipe are one result."""
    moves_work = ("data_dir", "workers")
    settings = {k: v for k, v in asdict(config).items() if k not in moves_work}
    text = json.dumps(settings, sort_keys=True)
    return digest_of("superpixels", text, pictures.digest, code_digest())


def tags_of(config: SuperpixelsConfig, judged: Judged) -> dict[str, str]:
    """Whose output is judged, and the recipe of scores of a prepared data set.

    A training is named by MLflow's id, by which tables find it, also where ``config`` has the one
    that it was started with offline.
    """
    tags = {"seglab.target_run": run_info(config.run).id} if config.run else {}
    if isinstance(judged.pictures, PictureSet):
        tags |= {"seglab.recipe": recipe(config, judged.pictures)}
        tags |= {"seglab.code_digest": code_digest()}
    return tags


def superpixels_into(
    run: Run, config: SuperpixelsConfig, judged: Judged, trained: Trained | None, scratch: Path
) -> None:
    """Judges the photos, and what ``trained`` paints of them; logs rows, scores and figures."""
    outputs = {}
    if trained is not None:
        outputs[NETWORK] = paint(trained, judged, scratch / "painted").image
    last = None
    if isinstance(judged.pictures, PictureSet):
        # A training's own data set may be another than that it is judged on. No recipe holds while
        # scores of an earlier judging are replaced.
        whose = {"title": judged.pictures.title, "digest": judged.pictures.digest}
        named = {f"seglab.judged_{name}": value for name, value in whose.items()}
        run.tags(named | {JUDGED_RECIPE: ""})
        if trained:
            last = last_epoch(trained, config.run, trained.about.config["data_dir"])
    if last and last is not trained:
        outputs[LAST_EPOCH] = paint(last, judged, scratch / "painted_last").image
    folder = scratch / "superpixels"
    kept = folder if config.images else None
    every = judge(config, judged.pictures, judged.names, outputs, kept)
    rows = every[every["input"] != LAST_EPOCH]
    means = summary(rows)
    if last:
        rows = with_last(rows, every, LAST_EPOCH if LAST_EPOCH in outputs else NETWORK)
    atomic_write(folder / "per_image.parquet", rows.to_parquet)
    atomic_write(folder / "summary.csv", lambda file: means.to_csv(file, index=False))
    save_figure(tradeoff(means), folder / "figures" / "tradeoff.png")
    outputs.pop(LAST_EPOCH, None)
    work = Judge(config, judged.pictures, outputs)
    save_figure(boundaries(work, judged.all_names), folder / "figures" / "boundaries.png")
    run.artifacts(folder, "superpixels")
    for step, values in enumerate(metrics(means)):
        run.metrics(values, step)
    if isinstance(judged.pictures, PictureSet):
        run.tags({JUDGED_RECIPE: recipe(replace(config, run=""), judged.pictures)})
    shown = means[["input", "method", *(name for name in PRINTED if name in means)]]
    print(shown.to_string(index=False, float_format="{:.4g}".format, na_rep="–"))


def with_last(rows: pd.DataFrame, every: pd.DataFrame, source: str) -> pd.DataFrame:
    """``rows``, those of the network with the scores of its last epoch as ``<score>_last``, which
    ``every`` has of the input ``source``."""
    point = ["image", "part", "input", "method", "weight"]
    last = every[every["input"] == source].assign(input=NETWORK)
    return rows.merge(last[[*point, *scores_of(last)]], "left", point, suffixes=("", "_last"))


def open_judged(config: SuperpixelsConfig) -> Judged:
    """The data set or the picture files that ``config`` names; faults of them are raised here."""
    if config.images:
        paths = find_pictures(local_copy(config.images, kept_copies() / "images"))
        return Judged(Files(paths), {"": list(paths)})
    pictures = open_pictures(config.data_dir, config.dataset)
    names = {part: pictures.names("published", part) for part in config.splits}
    if not any(names.values()):
        raise DataError(
            f"{pictures.title} has no pictures in {', '.join(config.splits)}; name other --splits"
        )
    return Judged(pictures, {part: found for part, found in names.items() if found})


def load_painter(run_id: str, scratch: Path) -> Trained:
    """The best network of a run that learnt superpixels; ``ConfigError`` if it learnt masks."""
    trained = load_best(download_model(f"runs:/{run_id}/{MODEL}", scratch).checkpoint)
    if trained.about.classes == 1:
        raise ConfigError(
            f"--run={run_id} learnt masks, not painted superpixels: judge it with `{RUN} -e "
            f"evaluate -P run={run_id}`, or name one that learnt superpixels (task=superpixels, "
            "which coco and bsds500 imply)"
        )
    return trained


def paint(trained: Trained, judged: Judged, folder: Path) -> Files:
    """What the network makes of every picture, as files in ``folder``: once, for a whole sweep."""
    device = resolve_device("auto")
    stacked = Stacker(trained.about, device)
    paths = {name: folder / f"{name}.png" for name in judged.all_names}
    for name, path in tqdm(paths.items(), desc="painting", unit="picture"):
        x = stacked(judged.pictures.image(name))
        write_png(path, painted(trained.network, x, device))
    return Files(paths)


def boundaries(work: Judge, names: Sequence[str]) -> Figure:
    """Superpixels drawn into a few pictures: each input, by the first method's outmost weights."""
    config = work.config
    ends = [weight for method, weight in points(config) if method == config.method[0]]
    weights = list(dict.fromkeys([ends[0], ends[-1]]))
    ranks = np.linspace(0, len(names) - 1, min(SHOWN, len(names))).round().astype(int)
    rows = []
    for name in (names[rank] for rank in ranks):
        inputs = dict(work.inputs(name))
        drawn = {
            f"{source}, {config.method[0]}" + ("" if weight is None else f" {weight:g}"): outlined(
                image,
                segment(config.method[0], image, config.superpixels, weight, config.update),
            )
            for source, image in inputs.items()
            for weight in weights
        }
        rows.append((name, list(drawn.values())))
    return gallery(list(drawn), rows)


def log_judged(run: Run, config: SuperpixelsConfig, judged: Judged) -> None:
    """Logs what is judged as the run's input, with its digest."""
    pictures = judged.pictures
    if isinstance(pictures, PictureSet):
        log_pictures(run, pictures, "superpixels")
        return
    frame = pd.DataFrame({"name": judged.all_names})
    frame["image_digest"] = [digest_array(pictures.image(name)) for name in frame["name"]]
    title, digest = f"images/{Path(config.images).name}", digest_of(*frame.to_numpy().ravel())
    run.dataset(frame, title, digest, "superpixels", config.images)
    run.tags({"seglab.dataset_title": title, "seglab.data_digest": digest})


def metrics(means: pd.DataFrame) -> list[dict[str, float]]:
    """Every mean as ``superpixels/<input>/<method>/<score>``, by its place in the sweep."""
    steps: list[dict[str, float]] = []
    for (source, method), curve in means.groupby(["input", "method"], sort=False):
        for step, row in enumerate(curve[["weight", *scores_of(curve)]].to_dict("records")):
            if step == len(steps):
                steps.append({})
            there = {key: value for key, value in row.items() if not np.isnan(value)}
            steps[step] |= {f"superpixels/{source}/{method}/{key}": there[key] for key in there}
    return steps
