"""The look of every figure: colours, axes, and how a figure becomes a file.

Matplotlib's objects are used without pyplot, so that nothing global changes and threads may draw.
"""

from pathlib import Path
from typing import IO

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import BboxImage
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox, TransformedBbox

from seglab.data.files import atomic_write

# Okabe and Ito (2008): told apart by colour-blind readers, and in grey by their lightness.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7",
)  # fmt: skip
YELLOW = "#C9B400"  # theirs is #F0E442, too pale for a line on white
INK, FRAME = "#222222", "#999999"
EXPERIMENTS = {
    "backprop": SKY,
    "deconv": FRAME,
    "guided": ORANGE,
    "rgb": INK,
    "rgb+backprop": BLUE,
    "rgb+deconv": GREEN,
    "rgb+guided": VERMILLION,
    "d4": SKY,
    "d5": GREEN,
    "d6": ORANGE,
    "d7": BLUE,
    "d8": PURPLE,
    "schedule-b": INK,
    "schedule-c": VERMILLION,
    "tv-1e-7": YELLOW,
    "tv-1e-6": FRAME,
    "tv-1e-5": "#7A4B2A",
}
"""The colour of each experiment in every figure, by its key without the data set."""
WIDE = 30
"""From this ratio of the largest to the smallest loss on, their axis is logarithmic."""
DOTS_PER_INCH = 150
LONGEST_SIDE = 800
"""Pixels that a drawn picture keeps; a panel has no more dots anyway."""


def save_figure(figure: Figure, path: Path) -> None:
    """Writes ``figure`` to ``path`` as PNG."""
    atomic_write(path, lambda file: write_figure(figure, file))


def write_figure(figure: Figure, file: IO[bytes], dots_per_inch: int = DOTS_PER_INCH) -> None:
    """Writes ``figure`` to ``file`` as PNG.

    It is laid out here, once: a ``savefig`` that finds a layout to make draws everything twice.
    """
    figure.set_dpi(dots_per_inch)
    if layout := figure.get_layout_engine():
        layout.execute(figure)
        figure.set_layout_engine(None)
    # Twice as fast as zlib's usual 6, and a tenth larger.
    figure.savefig(file, format="png", dpi=dots_per_inch, pil_kwargs={"compress_level": 1})


def plain_panels(
    size: tuple[float, float], columns: int, right: float = 0.15, top: float = 0.15
) -> tuple[Figure, list[Axes]]:
    """A figure of ``size`` inches and its axes in a row, which leave room for numbers and labels.

    To let matplotlib find out how much room takes longer than to draw all else; ``right`` and
    ``top``, in inches, are what else is to stand there.
    """
    figure = Figure(figsize=size)
    (width, height), left, between = size, 0.75, 0.85
    panel = (width - left - right - between * (columns - 1)) / columns
    grid = {"left": left / width, "right": 1 - right / width, "wspace": between / panel}
    grid |= {"bottom": 0.5 / height, "top": 1 - top / height}
    axes = figure.subplots(1, columns, squeeze=False, gridspec_kw=grid)
    return figure, list(axes[0])


def draw_picture(
    figure: Figure,
    pixels: UInt8[np.ndarray, "h w *c"],
    place: tuple[float, float, float, float],
    gamma: float = 1.0,
) -> None:
    """Draws grey or RGB ``pixels`` in a frame: left, bottom, width and height in inches.

    Grey levels are raised to the power of ``gamma``.
    Axes, whose ticks nobody sees, take longer than the picture.
    """
    box = TransformedBbox(Bbox.from_bounds(*place), figure.dpi_scale_trans)
    image = BboxImage(box, cmap="gray", norm=PowerNorm(gamma, 0, 255), origin="upper")
    image.set_data(pixels)
    figure.add_artist(image)
    frame = Rectangle(place[:2], *place[2:], fill=False, edgecolor=FRAME, linewidth=0.8)
    frame.set_transform(figure.dpi_scale_trans)
    figure.add_artist(frame)


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Labels and the house's plain frame."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FRAME)
    axes.tick_params(colors=INK, labelsize=8)


def colour_of(key: str) -> str:
    """The colour of an experiment (icoseg/rgb+guided or rgb+guided) in every figure."""
    return EXPERIMENTS[key.rpartition("/")[2]]


def rgb(colour: str) -> tuple[int, ...]:
    """The three channels of ``#rrggbb``."""
    return tuple(bytes.fromhex(colour[1:]))


def thumbnail(picture: UInt8[np.ndarray, "h w *c"]) -> UInt8[np.ndarray, "h2 w2 *c"]:
    """``picture`` shrunk to about ``LONGEST_SIDE`` pixels by averaging whole blocks."""
    factor = max(picture.shape[:2]) // LONGEST_SIDE
    if factor < 2:
        return picture
    height, width = (side // factor for side in picture.shape[:2])
    kept = picture[: height * factor, : width * factor]
    channels = picture.shape[2:]
    # Whole rows are added up first, as they lie in memory; 4 times as fast as one mean over blocks.
    rows = kept.reshape(height, factor, width * factor, *channels).sum(1, dtype=np.uint32)
    sums = rows.reshape(height, width, factor, *channels).sum(2)
    small: UInt8[np.ndarray, "h2 w2 *c"] = (sums // factor**2).astype(np.uint8)
    return small
