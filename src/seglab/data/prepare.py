"""The prepare step: a data set as its authors publish it → checked pictures in one memory map."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock
from tqdm import tqdm

from seglab.data import folder, icoseg, inria, sample
from seglab.data.check import read_pairs
from seglab.data.config import DatasetName, PrepareConfig
from seglab.data.files import atomic_file, sweep
from seglab.data.pairs import Found
from seglab.data.pictures import (
    MANIFEST,
    PIXELS,
    Picture,
    PictureSet,
    digest_of_pictures,
    write_manifest,
)
from seglab.data.remote import everything, local_copy
from seglab.data.store import Writer
from seglab.errors import DataError, all_faults


class Published(NamedTuple):
    """How a published data set is fetched and understood."""

    find: Callable[[Path], Found]
    wanted: Callable[[PurePosixPath], bool]


PUBLISHED: dict[DatasetName, Published] = {
    "icoseg": Published(icoseg.find, icoseg.wanted),
    "inria": Published(inria.find, inria.wanted),
    "folder": Published(folder.find, everything),
}


def prepare(config: PrepareConfig) -> PictureSet:
    """The data set ``config`` names, checked and stored in ``data_dir/<dataset>``.

    Every picture is read before any is used; ``DataError`` lists all faults of all files at once.
    A data set that was prepared before stays whole until the new one is.
    """
    target = Path(config.data_dir) / config.dataset
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "prepare.lock"):
        sweep(target)
        if config.dataset == "sample":
            source = "drawn by seglab.data.sample"
            found = sample.draw(target / "source")
        else:
            source = config.source
            find, wanted = PUBLISHED[config.dataset]
            found = find(local_copy(source, target / "source", wanted))
        stored = store(found, target)
        pictures = PictureSet(
            dataset=config.dataset,
            title=found.title,
            folder=target,
            digest=digest_of_pictures(found.title, stored),
            pictures=stored,
            source=source,
        )
        write_manifest(pictures)
    return pictures


def store(found: Found, target: Path) -> tuple[Picture, ...]:
    """Reads every pair of ``found`` once and writes the pixels, one picture in memory at a time."""
    pictures = []
    faults = list(found.faults)
    with atomic_file(target / PIXELS) as file:
        writer = Writer(file)
        progress = tqdm(read_pairs(found.pairs), f"check {found.title}", len(found.pairs))
        for read in progress:
            if isinstance(read, list):
                faults += read
            elif not faults:
                writer.append(read.image, read.mask, read.image_digest, read.mask_digest)
                pictures.append(
                    Picture(
                        name=read.name,
                        height=read.mask.shape[0],
                        width=read.mask.shape[1],
                        image_digest=read.image_digest,
                        mask_digest=read.mask_digest,
                        group=found.groups.get(read.name, ""),
                        published=found.published[read.name],
                        grouped=found.grouped.get(read.name, ""),
                    )
                )
        if faults:
            heading = f"{found.title} cannot be used; {len(faults)} faults"
            remedy = "Mend these files, then run the same command again."
            raise DataError(all_faults(heading, faults, remedy, shown=1000))
        writer.close()
        # From here until the new manifest is written there is no prepared data set: the old
        # manifest must not open the new pixels.
        (target / MANIFEST).unlink(missing_ok=True)
    return tuple(pictures)
