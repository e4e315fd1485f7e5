"""The prepare step: a data set as its authors publish it → checked pictures in one memory map."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock
from tqdm import tqdm

from seglab.data import bsds500, coco, folder, icoseg, inria, sample
from seglab.data.check import read_pairs
from seglab.data.config import DatasetName, PrepareConfig
from seglab.data.files import atomic_file, reading, sweep
from seglab.data.pairs import Found
from seglab.data.pictures import (
    MANIFEST,
    PIXELS,
    SEGMENTS,
    Picture,
    PictureSet,
    digest_of_pictures,
    segment_frame,
    write_manifest,
)
from seglab.data.remote import everything, local_copy
from seglab.data.shared import held, here, publish
from seglab.data.store import Writer
from seglab.data.truth import Segment
from seglab.errors import DataError, all_faults, counted


class Published(NamedTuple):
    """How a published data set is fetched and understood."""

    find: Callable[[Path], Found]
    wanted: Callable[[PurePosixPath], bool]


PUBLISHED: dict[DatasetName, Published] = {
    "icoseg": Published(icoseg.find, icoseg.wanted),
    "inria": Published(inria.find, inria.wanted),
    "folder": Published(folder.find, everything),
    "coco": Published(coco.find, coco.wanted),
    "bsds500": Published(bsds500.find, bsds500.wanted),
}


def prepare(config: PrepareConfig) -> PictureSet:
    """The data set ``config`` names, checked and stored in ``data_dir/<dataset>``.

    Every picture is read before any is used; ``DataError`` lists all faults of all files at once.
    A data set that was prepared before stays whole until the new one is.
    """
    target = here(config.data_dir) / config.dataset
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "prepare.lock"):
        if config.dataset == "sample":
            source = "drawn by seglab.data.sample"
            found = sample.draw(target / "source")
        else:
            source = config.source
            find, wanted = PUBLISHED[config.dataset]
            published = local_copy(source, target / "source", wanted)
            with reading(published):
                found = find(published)
        with held(config.data_dir, config.dataset):
            sweep(target)  # in here, as what is being fetched is no stray
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
            stored_files = (PIXELS, SEGMENTS) if pictures.annotated else (PIXELS,)
            publish(config.data_dir, config.dataset, stored_files)
            publish(config.data_dir, config.dataset, [MANIFEST])
    return pictures


def store(found: Found, target: Path) -> tuple[Picture, ...]:
    """Reads every pair of ``found`` once and writes the pixels, one picture in memory at a time."""
    pictures = []
    segments: list[tuple[str, Segment]] = []
    faults = list(found.faults)
    with ExitStack() as stack:
        files = [stack.enter_context(atomic_file(target / PIXELS))]
        writer = Writer(files[0])
        progress = tqdm(read_pairs(found.pairs), f"check {found.title}", len(found.pairs))
        for read in progress:
            if isinstance(read, list):
                faults += read
            elif not faults:
                truth_digest = read.truth.digest
                writer.append(read.image, read.truth.pixels, read.image_digest, truth_digest)
                segments += [(read.name, segment) for segment in read.truth.segments]
                pictures.append(
                    Picture(
                        name=read.name,
                        height=read.truth.size[0],
                        width=read.truth.size[1],
                        image_digest=read.image_digest,
                        truth_digest=truth_digest,
                        group=found.groups.get(read.name, ""),
                        published=found.published[read.name],
                        grouped=found.grouped.get(read.name, ""),
                        annotations=read.truth.annotations,
                    )
                )
        if faults:
            heading = f"{found.title} cannot be used; {counted(len(faults), 'fault')}"
            remedy = "Mend these files, then run the same command again."
            raise DataError(all_faults(heading, faults, remedy, shown=1000))
        writer.close()
        if any(picture.annotations for picture in pictures):
            files.append(stack.enter_context(atomic_file(target / SEGMENTS)))
            segment_frame(segments).to_parquet(files[1])
        # A disk that fails or is full does so here, while the earlier data set is whole.
        for file in files:
            file.sync()
        # From here until the new manifest is written there is no prepared data set: the old
        # manifest must not open the new pixels.
        (target / MANIFEST).unlink(missing_ok=True)
    return tuple(pictures)
