"""Photos, masks and saliency maps of the pictures that runs were scored on.

They lie in prepared data sets, not in MLflow; a digest tells whether these are the run's own.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from seglab.data.cache import open_cache
from seglab.data.computed import Computed, read_latest
from seglab.data.inputs import parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.errors import RUN, CacheError, DataError
from seglab.saliency.settings import Settings, map_key


def pictures_of(run: "pd.Series[str]", folders: Sequence[str]) -> PictureSet:
    """The data set that a run was scored on, in the first of ``folders`` that has it.

    Raises ``DataError`` that says what to run if none has.
    """
    dataset, digest = run.get("params.dataset", ""), run.get("tags.seglab.data_digest", "")
    for folder in folders:
        try:
            pictures = open_pictures(folder, dataset)
        except DataError:
            continue
        if pictures.digest == digest:
            return pictures
    raise DataError(
        f"the photos and masks of {run.get('tags.seglab.dataset_title', dataset)} (digest "
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
    rule = parse_inputs(run.get("params.inputs", "rgb")).rule
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
