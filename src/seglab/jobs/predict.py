"""The predict job: pictures of any size → masks, or painted pictures, as PNG."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from seglab.data.decode import read_image, write_png
from seglab.data.files import reading
from seglab.data.names import name_faults, name_of
from seglab.data.pairs import pictures_in
from seglab.data.remote import local_copy
from seglab.data.shared import kept_copies
from seglab.errors import ConfigError, DataError, all_faults, counted
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
        source = local_copy(config.images, kept_copies() / "images")
        paths = find_pictures(source, logged=False)
        output = Path(config.output).expanduser()
        keep_pictures(paths, output)
        write_predictions(trained, paths, output)
        run.metrics({"predictions": len(paths)}, step=0)
    print(f"{counted(len(paths), 'picture')} in {config.output}")


def find_checkpoint(config: PredictConfig, scratch: Path) -> Path:
    """The checkpoint of what ``config`` names: a file, a registered model or a run."""
    if config.checkpoint:
        return Path(config.checkpoint).expanduser()
    return download_model(config.model or f"runs:/{config.run}/{MODEL}", scratch).checkpoint


def find_pictures(source: Path, flag: str = "images", logged: bool = True) -> dict[str, Path]:
    """Picture files by name, each of which can be read.

    ``source``, given by ``flag``, is a picture or a folder of them. Raises ``DataError`` listing
    every file that is no picture or is damaged, or whose name is none for an artifact while it is
    to be ``logged``, before the first mask is written.
    """
    faults: list[str] = []
    with reading(source):
        if source.is_file():
            found = {name_of(source): source}
            faults += name_faults(found) if logged else []
        elif source.is_dir():
            found, faults = pictures_in(source)
            faults += name_faults(found, logged)
        else:
            raise DataError(
                f"--{flag}={source} does not exist; give a picture or a folder of pictures"
            )
    for path in tqdm(found.values(), desc="checking", unit="picture"):
        try:
            read_image(path)
        except DataError as fault:
            faults.append(str(fault))
    if faults or not found:
        faults = faults or [f"{source} holds no pictures"]
        raise DataError(all_faults(f"--{flag} cannot be used", faults, "Mend or move these files."))
    return found


def keep_pictures(paths: dict[str, Path], output: Path) -> None:
    """Raises ``ConfigError`` if what is written to ``output`` would replace one of the pictures."""
    # By what the disk says, as one file has many names: links, and A.PNG for a.png on macOS.
    pictures = {(file.st_dev, file.st_ino) for file in map(Path.stat, paths.values())}
    written = [path for name in paths if (path := _written(output, name)).exists()]
    lost = [path for path in written if (path.stat().st_dev, path.stat().st_ino) in pictures]
    if lost:
        raise ConfigError(
            f"--output={output} would replace {counted(len(lost), 'picture')} of --images "
            f"({lost[0]}{' …' * (len(lost) > 1)}); give another folder"
        )


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
        write_png(_written(output, name), prediction)


def _written(output: Path, name: str) -> Path:
    return output / f"{name}.png"
