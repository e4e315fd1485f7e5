"""The sample data set: textured scenes drawn by numpy alone, with objects and exact masks.

64 pictures in 16 scenes of four. The pictures of a scene share the texture of the ground and the
style of the objects. An object is warmer than its ground on the whole, but not everywhere, and
stains of its colours lie around it, so that a colour threshold gets no further than an IoU of 0.73
on test; the object's texture, its sharp outline and its shadow tell the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy.random import RandomState

from seglab.data import folder
from seglab.data.decode import write_png
from seglab.data.files import atomic_write
from seglab.data.pairs import Found
from seglab.data.shapes import SHAPES, Shape
from seglab.data.splits import PARTS, seeded_split
from seglab.data.textures import TEXTURES, Texture, blur, noise

SCENES = 16
PICTURES = 4
"""In each scene."""
LEAST, MOST = 96, 128
"""Height and width, in pixels; the last picture of a scene is up to 32 pixels wider."""
SEED = 4
WARMER = np.array([75.0, 25.0, -55.0])
"""By how much objects differ in mean colour from their ground; their texture varies by as much."""


def draw(source: Path) -> Found:
    """The data set drawn into ``source`` as a folder of images/, masks/ and lists."""
    scenes = {}
    for scene in range(SCENES):
        for picture in range(PICTURES):
            name = f"scene{scene:02}_{'abcd'[picture]}"
            scenes[name] = f"scene{scene:02}"
            image, mask = draw_picture(scene, picture)
            write_png(source / "images" / f"{name}.png", image)
            write_png(source / "masks" / f"{name}.png", mask * np.uint8(255))
    part_of = seeded_split(list(scenes))
    for part in PARTS:
        _write_lines(source / f"{part}.txt", [name for name in scenes if part_of[name] == part])
    _write_lines(source / "groups.csv", ["image,group", *map(",".join, scenes.items())])
    return folder.find(source, title="sample")


def draw_picture(
    scene: int, picture: int
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"]]:
    """One picture of a scene and its mask (0/1)."""
    style = Style.of(scene)
    # RandomState, because numpy promises never to change its streams (NEP 19).
    rng = RandomState([SEED, scene, picture])
    height, width = rng.randint(LEAST, MOST + 1, 2).tolist()
    if picture == PICTURES - 1:
        width = rng.randint(MOST + 1, MOST + 33)  # so that tiles of 128 are cut and merged
    mask = np.zeros((height, width), bool)
    for _ in range(rng.randint(1, 4)):
        mask |= draw_object(rng, height, width, style.shapes)

    ground = style.ground.paint(rng, height, width)
    stains = blur(noise(rng, height, width, 25, 25), 2)[..., None]
    stains = np.clip(4 * stains - 2.2, 0, 0.5)
    ground += (style.object.mean - style.ground.mean) * stains
    shadow = blur(_shifted(mask, 3), 4)[..., None]
    ground *= 1 - 0.45 * shadow

    things = style.object.paint(rng, height, width)
    relief = blur(mask.astype(float), 2)
    things *= (1 + 0.35 * (_shifted(relief, -2) - _shifted(relief, 2)))[..., None]

    image = np.where(mask[..., None], things, ground)
    image *= 0.75 + 0.5 * noise(rng, height, width, height, width)[..., None]
    image = blur(image, 1) + 14 * (rng.random_sample(image.shape) - 0.5)
    return np.clip(image + 0.5, 0, 255).astype(np.uint8), mask.astype(np.uint8)


def draw_object(
    rng: RandomState, height: int, width: int, shapes: Sequence[Shape]
) -> Bool[np.ndarray, "h w"]:
    """The mask of one object of random shape, place, size and turn."""
    reach = (0.22 + 0.2 * rng.random_sample()) * min(height, width)
    centre_y, centre_x = (0.15 + 0.7 * rng.random_sample(2)) * (height, width)
    sine = 2 * rng.random_sample() - 1
    cosine = np.sqrt(1 - sine * sine)
    y, x = np.ogrid[:height, :width]
    y, x = (y - centre_y) / reach, (x - centre_x) / reach
    shape = shapes[rng.randint(len(shapes))]
    return shape(rng, cosine * y - sine * x, sine * y + cosine * x)


@dataclass(frozen=True)
class Material:
    """A texture between two colours."""

    texture: Texture
    scale: float
    mean: Float[np.ndarray, "3"]
    contrast: Float[np.ndarray, "3"]

    def paint(self, rng: RandomState, height: int, width: int) -> Float[np.ndarray, "h w 3"]:
        """A surface of it."""
        field = self.texture(rng, height, width, self.scale)[..., None]
        return self.mean + self.contrast * (2 * field - 1)


@dataclass(frozen=True)
class Style:
    """What the pictures of a scene have in common."""

    ground: Material
    object: Material
    shapes: tuple[Shape, Shape]

    @staticmethod
    def of(scene: int) -> "Style":
        """The style of one of the 16 scenes."""
        rng = RandomState([SEED, scene])
        textures = [TEXTURES[i] for i in rng.permutation(len(TEXTURES))]
        mean = 70 + 70 * rng.random_sample() + 40 * (rng.random_sample(3) - 0.5)
        ground = Material(textures[0], 14 + 12 * rng.random_sample(), mean, _colour(rng, 25.0))
        other = mean + WARMER + _colour(rng, 15.0)
        thing = Material(textures[1], 4 + 3 * rng.random_sample(), other, _colour(rng, 75.0))
        first, second = (SHAPES[i] for i in rng.permutation(len(SHAPES))[:2])
        return Style(ground, thing, (first, second))


def _colour(rng: RandomState, length: float) -> Float[np.ndarray, "3"]:
    """A colour difference of a given length in a random direction."""
    red, green, blue = 2 * rng.random_sample(3) - 1
    return np.array([red, green, blue]) * (
        length / np.sqrt(red * red + green * green + blue * blue)
    )


def _shifted(field: np.ndarray, pixels: int) -> Float[np.ndarray, "h w"]:
    """``field`` moved down and right, its edge drawn out."""
    height, width = field.shape
    rows = np.clip(np.arange(height) - pixels, 0, height - 1)
    cols = np.clip(np.arange(width) - pixels, 0, width - 1)
    return field[rows][:, cols].astype(float)


def _write_lines(path: Path, lines: list[str]) -> None:
    atomic_write(path, lambda file: file.write("".join(f"{line}\n" for line in lines).encode()))
