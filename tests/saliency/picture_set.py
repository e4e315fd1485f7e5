"""A small prepared data set, written as the prepare job writes one."""

import numpy as np

from seglab.data.files import atomic_file, digest_array
from seglab.data.pictures import PIXELS, Picture, PictureSet, digest_of_pictures, write_manifest
from seglab.data.store import Writer


def picture_set(data_dir, images, masks=None):
    """The prepared data set ``folder`` in ``data_dir``; images and masks (empty ones) by name."""
    described = []
    with atomic_file(data_dir / "folder" / PIXELS) as file:
        writer = Writer(file)
        for name, image in images.items():
            mask = masks[name] if masks else np.zeros(image.shape[:2], np.uint8)
            digests = digest_array(image), digest_array(mask)
            writer.append(image, mask, *digests)
            described.append(Picture(name, *mask.shape, *digests, "", "train", ""))
        writer.close()
    pictures = PictureSet(
        dataset="folder",
        title="folder/small",
        folder=data_dir / "folder",
        digest=digest_of_pictures("folder/small", described),
        pictures=tuple(described),
        source="drawn",
    )
    write_manifest(pictures)
    return pictures


def noise(height, width, seed):
    """A picture of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
