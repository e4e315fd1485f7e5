"""Computes the maps that the cache does not have yet, and opens those it has."""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from seglab.data.cache import ArrayCache, open_cache, publish_cache
from seglab.data.computed import Computed, command, read_latest, write_latest
from seglab.data.files import digest_of
from seglab.data.pictures import PictureSet
from seglab.data.tiles import grid
from seglab.errors import WeightsError
from seglab.networks.memory import keep_freed_memory, memory_told
from seglab.networks.precision import resolve_device, resolve_precision
from seglab.saliency.config import Precision, Rule, SaliencyConfig
from seglab.saliency.maps import stream_maps
from seglab.saliency.settings import Settings, map_key
from seglab.saliency.vgg import Vgg16, load_vgg16

JOB = "saliency"
"""The job that computes maps; names their cache and the note of its latest settings."""


@dataclass(frozen=True)
class Filled:
    """What a fill did: maps are counted per picture and rule."""

    settings: Settings
    computed: int
    reused: int
    digest: str
    """Of all maps' keys."""


@dataclass(frozen=True)
class Maps(Computed):
    """The maps of a data set under one rule: ``maps(name)`` is (h, w), 0 (no influence) to 255."""

    settings: Settings
    rule: Rule


def fill(
    config: SaliencyConfig, pictures: PictureSet, names: Collection[str] | None = None
) -> Filled:
    """Completes the cache for ``pictures`` and notes the settings as the data set's latest.

    With ``names``, for these alone, and nothing is noted: others see to the rest.

    Every picture is stored when its last patch is done, so that a killed fill goes on from there;
    where nothing is missing, nothing is computed. Several processes may fill one cache at once.
    Raises ``WeightsError`` where the weights cannot be had or do not serve the target.
    """
    device = resolve_device("auto")
    network = load_vgg16(config.weights, map_precision(config.precision, device), device)
    settings = resolve_settings(config, network)
    keys = {
        (picture.name, rule): map_key(settings, rule, picture.image_digest)
        for picture in pictures.pictures
        if names is None or picture.name in names
        for rule in config.rules
    }
    cache = open_cache(config.data_dir, JOB, keys.values())
    cache.sweep()
    missing = {place: key for place, key in keys.items() if not cache.has(key)}
    for rules, lacking in by_missing_rules(missing).items():
        compute(network, pictures, lacking, rules, settings, cache, config.batch_size)
    filled = Filled(settings, len(missing), len(keys) - len(missing), digest_of(*keys.values()))
    publish_cache(config.data_dir, JOB, keys.values())
    if names is None:
        write_latest(config.data_dir, pictures, JOB, settings, filled.digest)
    return filled


def fill_share(config: SaliencyConfig, pictures: PictureSet, names: list[str]) -> int:
    """How many maps a worker computed."""
    return fill(config, pictures, names).computed


def map_precision(precision: Precision, device: torch.device) -> Precision:
    """The arithmetic of maps; auto is mixed where bf16 is faster than fp32, else fp32.

    bf16 is not among them: its maps are others by up to 4 grey levels at the median
    (``benchmarks/precision.py``), those of mixed are not.
    """
    if precision != "auto":
        return precision
    return "mixed" if resolve_precision("auto", device) == "bf16" else "fp32"


def resolve_settings(config: SaliencyConfig, network: Vgg16) -> Settings:
    """``config`` with everything left to the machine resolved.

    Raises ``WeightsError`` for target=class where the weights have no classifier.
    """
    if config.target == "class" and not network.has_classifier:
        raise WeightsError(
            f"--target=class needs VGG16's classifier, which weights={network.label} do not have: "
            "pass -P target=features, or weights with classifier.*"
        )
    return Settings(
        weights=network.label,
        weights_digest=network.digest,
        target=config.target,
        preprocessing=config.preprocessing,
        patch=config.patch,
        precision=network.precision,
    )


def by_missing_rules(missing: Iterable[tuple[str, Rule]]) -> dict[tuple[Rule, ...], list[str]]:
    """Names of the pictures that lack the same rules, as those can share batches."""
    lacking: dict[str, tuple[Rule, ...]] = {}
    for name, rule in missing:
        lacking[name] = (*lacking.get(name, ()), rule)
    groups: dict[tuple[Rule, ...], list[str]] = {}
    for name, rules in lacking.items():
        groups.setdefault(rules, []).append(name)
    return groups


def compute(
    network: Vgg16,
    pictures: PictureSet,
    names: Sequence[str],
    rules: Sequence[Rule],
    settings: Settings,
    cache: ArrayCache,
    batch_size: int,
) -> None:
    """Computes and stores the maps of ``names`` under ``rules``, with a progress bar."""
    sizes = [(pictures[name].height, pictures[name].width) for name in names]
    patches = sum(rows * cols for rows, cols in (grid(*size, settings.patch) for size in sizes))
    keep_freed_memory()
    started = time.perf_counter()
    lower = "--batch_size" if batch_size > 1 else "--patch"
    with (
        memory_told(f"with --batch_size={batch_size}, --patch={settings.patch}", f"lower {lower}"),
        tqdm(total=patches, desc=f"saliency maps ({', '.join(rules)})", unit="patch") as bar,
    ):
        images = (pictures.image(name) for name in names)
        stream = stream_maps(network, images, rules, settings, batch_size, ready=bar.update)
        for done, (name, maps) in enumerate(zip(names, stream, strict=True), start=1):
            for rule, values in maps.items():
                cache.store(map_key(settings, rule, pictures[name].image_digest), values)
            rate = done / (time.perf_counter() - started)
            bar.set_postfix_str(f"{done}/{len(names)} pictures, {rate:.2g} pictures/s")


def open_maps(
    data_dir: str, pictures: PictureSet, rule: Rule, settings: Settings | None = None
) -> Maps:
    """The maps of all ``pictures`` under ``rule``, each checked to be there and whole.

    ``settings`` are those of a trained run; without them, those of the data set's latest saliency
    job count. Raises ``CacheError`` with the command that computes what is missing.
    """
    wanted: dict[str, object] = {"rules": rule}
    if settings is None:
        remedy = f"run {command(JOB, data_dir, pictures, wanted)}"
        settings = read_latest(pictures, JOB, Settings, "saliency maps", remedy)
    keys = {
        picture.name: map_key(settings, rule, picture.image_digest) for picture in pictures.pictures
    }
    maps = Maps(open_cache(data_dir, JOB, keys.values()), keys, settings, rule)
    wanted |= settings.as_dict()
    del wanted["weights_digest"]
    maps.refuse_missing(
        f"{rule} maps of {pictures.title}",
        f"run {command(JOB, data_dir, pictures, wanted)} (its weights must have the digest "
        f"{settings.weights_digest})",
    )
    return maps
