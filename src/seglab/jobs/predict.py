"""The predict job: pictures of any size → masks, or painted pictures, as PNG."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from seglab.data.decode import read_image, write_png
from seglab.data.names import name_faults
from seglab.data.pairs import pictures_in
from seglab.data.remote import local_copy
from seglab.data.shared import kept_copies
from seglab.errors import DataError, all_faults, counted
from seglab.evaluation.config import TABLE_THRESHOLD, PredictConfig
from seglab.evaluation.predict import painted, probability_map
from seglab.evaluation.scores import binarise
from seglab.jobs.stacker import Stacker
from seglab.jobs.train import MODEL
from seglab.networks.precision import resolve_device
from seglab.tracking.reader import download_model
from seglab.tracking.run import start_run
from seglab.training.checkpoint import Trained, load_best


def predict(config: PredictConfig) -> None:
    """Writes what the network makes of every picture, one at a time, below ``config.output``."""
    tags = {"seglab.target_run": config.run}
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_run("predict", params=asdict(config), tags=tags) as run,
    ):
        trained = load_best(find_checkpoint(config, Path(scratch)))
        paths = find_pictures(local_copy(config.images, kept_copies() / "images"))
        write_predictions(trained, paths, Path(config.output))
        run.metrics({"predictions": len(paths)}, step=0)
    print(f"{counted(len(paths), 'picture')} in {config.output}")


def find_checkpoint(config: PredictConfig, scratch: Path) -> Path:
    """The checkpoint of what ``config`` names: a file, a registered model or a run."""
    if config.checkpoint:
        return Path(config.checkpoint).expanduser()
    return download_model(config.model or f"runs:/{config.run}/{MODEL}", scratch).checkpoint


def find_pictures(source: Path, flag: str = "images") -> dict[str, Path]:
    """Picture files by name, each of which can be read.

    ``source``, given by ``flag``, is a picture or a folder of them. Raises ``DataError`` listing
    every file that is no picture or is damaged, before the first mask is written.
    """
    faults: list[str] = []
    if source.is_file():
        found = {source.stem: source}
    elif source.is_dir():
        found, faults = pictures_in(source)
        faults += name_faults(found)
    else:
        raise DataError(f"--{flag}={source} does not exist; give a picture or a folder of pictures")
    for path in tqdm(found.values(), desc="checking", unit="picture"):
        try:
            read_image(path)
        except DataError as fault:
            faults.append(str(fault))
    if faults or not found:
        faults = faults or [f"{source} holds no pictures"]
        raise DataError(all_faults(f"--{flag} cannot be used", faults, "Mend or move these files."))
    return found


def write_predictions(trained: Trained, paths: dict[str, Path], output: Path) -> None:
    """``output/<name>.png`` for every picture.

    A mask is 255 where the object's probability reaches 0.5; a network that learnt superpixels
    gives the painted picture.
    """
    about = trained.about
    device = resolve_device("auto")
    stacked = Stacker(about, device)
    for name, path in tqdm(paths.items(), desc="predicting", unit="picture"):
        x = stacked(read_image(path))
        if about.classes == 1:
            tile = about.config["tile"]
            probability = probability_map(trained.network, x, tile, device, about.precision, 1)
            mask = binarise(probability, TABLE_THRESHOLD)
            prediction = mask.astype(np.uint8) * np.uint8(255)
        else:
            prediction = painted(trained.network, x, device)
        write_png(output / f"{name}.png", prediction)
