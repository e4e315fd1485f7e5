"""The pictures of several runs side by side, under one threshold that acts while it is dragged."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from jaxtyping import UInt8
from PIL import Image

from dashboards.overlay import FIRST, STEPS, palette, sweep
from seglab.data.files import digest_of
from seglab.figures.style import thumbnail

HERE = Path(__file__).parent
Grey = UInt8[np.ndarray, "h w"]


class Scored(NamedTuple):
    """What a run made of a picture."""

    run_id: str
    label: str
    colour: str
    probability: Grey


def viewer_data(
    photo: UInt8[np.ndarray, "h w 3"],
    truth: Grey,
    maps: dict[str, Grey],
    runs: list[Scored],
    threshold: float,
) -> dict[str, Any]:
    """What the viewer shows: pictures as data URLs, and each run's scores at every threshold.

    ``maps`` are saliency maps by title; ``threshold`` is one of ``overlay.STEPS``. Pictures beyond
    ``style.LONGEST_SIDE`` are shown smaller; scores are always those of the whole picture.
    """
    shown = [
        {
            "id": run.run_id,
            "label": run.label,
            "colour": run.colour,
            "source": encoded(thumbnail(run.probability)),
            **sweep(run.probability, truth)._asdict(),
        }
        for run in runs
    ]
    brightened = {title: brighter(thumbnail(values)) for title, values in maps.items()}
    data: dict[str, Any] = {
        "photo": encoded(thumbnail(photo), "JPEG"),
        "truth": encoded(thumbnail(truth * np.uint8(255))),
        "maps": [{"title": t, "source": encoded(values)} for t, values in brightened.items()],
        "runs": shown,
        "levels": FIRST.tolist(),
        "steps": STEPS.tolist(),
        "colours": [{"name": name, "rgb": rgb} for name, rgb in palette().items()],
    }
    return data | {"id": digest_of(repr(data)), "threshold": threshold}


def brighter(values: Grey) -> Grey:
    """A saliency map with gamma ½, as figures draw it: most of it is near black."""
    return np.sqrt(values * np.float32(255)).astype(np.uint8)


def encoded(pixels: UInt8[np.ndarray, "h w *c"], format: str = "PNG") -> str:  # noqa: A002
    """A data URL; PNG, which keeps every value, is compressed little, as it goes nowhere far."""
    file = io.BytesIO()
    options = {"compress_level": 1} if format == "PNG" else {"quality": 92}
    Image.fromarray(pixels).save(file, format, **options)
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/{format.lower()};base64,{text}"


def viewer(data: dict[str, Any], key: str, moved: Callable[[float], object]) -> None:
    """Shows ``data`` (of ``viewer_data``); ``moved`` is given each threshold that is chosen."""

    def changed() -> None:
        moved(float(st.session_state[key]["threshold"]))

    _component()(data=data, key=key, on_threshold_change=changed)


@st.cache_resource
def _component() -> Any:
    html, css, js = (HERE.joinpath(f"viewer.{kind}").read_text() for kind in ("html", "css", "js"))
    return st.components.v2.component("seglab_viewer", html=html, css=css, js=js)
