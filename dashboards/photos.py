"""Photos, masks and saliency maps of the pictures that runs were scored on.

They lie in prepared data sets, not in MLflow; a digest tells whether these are the run's own.
"""

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from seglab.data.cache import open_cache
from seglab.data.computed import Computed, read_latest
from seglab.data.inputs import parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.errors import RUN, CacheError, DataError
from seglab.saliency.settings import Settings, map_key


def pictures_of(run: "pd.Series[str]", data_dir: str) -> PictureSet:
    """The data set that a run was scored on, in ``data_dir`` or where the run had it.

    Raises ``DataError`` that says what to run if none has.
    """
    dataset, digest = said(run, "params.dataset"), said(run, "tags.seglab.data_digest")
    folders = dict.fromkeys(filter(None, [data_dir, said(run, "params.data_dir")]))
    for folder in folders:
        try:
            pictures = open_pictures(folder, dataset)
        except DataError:
            continue
        if pictures.digest == digest:
            return pictures
    raise DataError(
        f"the photos and masks of {said(run, 'tags.seglab.dataset_title') or 'this run'} (digest "
        f"{digest}) are not in {' or '.join(folders)}: prepare the data set on this machine "
        f"(`{RUN} -e prepare -P dataset={dataset} …`), or start the dashboard with "
        "`-P data_dir=<the folder that has it>`"
    )


def map_of(
    run: "pd.Series[str]", pictures: PictureSet, name: str
) -> tuple[str, UInt8[np.ndarray, "h w"] | None]:
    """Rule and saliency map that a run was fed for a picture.

    The rule is empty for a run that saw none; the map is None where the one on this machine is
    another, or not there.
    """
    rule = parse_inputs(said(run, "params.inputs") or "rgb").rule
    if rule is None:
        return "", None
    folder = str(pictures.folder.parent)
    try:
        settings = read_latest(pictures, "saliency", Settings, "maps", "")
        keys = {p.name: map_key(settings, rule, p.image_digest) for p in pictures.pictures}
        maps = Computed(open_cache(folder, "saliency"), keys)
        if maps.digest != run.get("tags.seglab.saliency_digest"):
            return rule, None
        return rule, maps(name)
    except CacheError:
        return rule, None


def said(run: "pd.Series[str]", name: str) -> str:
    """A text that MLflow has of a run; empty if it has none."""
    value = run.get(name)
    return value if isinstance(value, str) else ""
