"""What a job computed for the pictures of a data set: noted, opened, or told how to be had."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeVar

import numpy as np
from jaxtyping import UInt8

from seglab.data.cache import ArrayCache
from seglab.data.files import atomic_write, digest_of
from seglab.data.pictures import PictureSet
from seglab.data.shared import held, publish
from seglab.errors import RUN, CacheError


@dataclass(frozen=True, kw_only=True)
class StoredSettings:
    """Everything that determines computed arrays beside the data; goes with runs that use them."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, checkpoints and run parameters."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of ``as_dict``; raises ``KeyError`` where a value is missing."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


SettingsT = TypeVar("SettingsT", bound=StoredSettings)


@dataclass(frozen=True)
class Computed:
    """One cached array a picture of a data set: call it with the picture's name; can be pickled."""

    cache: ArrayCache
    keys: dict[str, str]
    """Key in the cache by name of the picture."""

    def __call__(self, name: str) -> UInt8[np.ndarray, "..."]:
        """The array of picture ``name``, memory-mapped."""
        return self.cache.load(self.keys[name])

    @property
    def digest(self) -> str:
        """Of all arrays' keys."""
        return digest_of(*self.keys.values())

    def refuse_missing(self, what: str, remedy: str) -> None:
        """Raises ``CacheError``, ending with ``remedy``, unless every array is there and whole."""
        missing = [name for name, key in self.keys.items() if not self.cache.has(key)]
        if missing:
            raise CacheError(
                f"{len(missing)} of the {len(self.keys)} {what} are not in {self.cache.folder} "
                f"(the first is that of {missing[0]}); {remedy}"
            )


def write_latest(
    data_dir: str, pictures: PictureSet, job: str, settings: StoredSettings, digest: str
) -> None:
    """Notes beside the data set what ``job`` made last, for ``read_latest``."""
    text = json.dumps(
        {"settings": settings.as_dict(), "digest": digest}, indent=1, ensure_ascii=False
    )
    with held(data_dir, pictures.dataset):
        atomic_write(
            pictures.folder / f"{job}.json",
            lambda file: file.write(text.encode(errors="backslashreplace")),
        )
        publish(data_dir, pictures.dataset, [f"{job}.json"])


def read_latest(
    pictures: PictureSet, job: str, kind: type[SettingsT], what: str, remedy: str
) -> SettingsT:
    """Settings of the data set's latest ``job``; raises ``CacheError`` if there was none."""
    path = pictures.folder / f"{job}.json"
    try:
        return kind.from_dict(json.loads(path.read_bytes())["settings"])
    except FileNotFoundError:
        reason = f"no {what} of {pictures.title} were made yet"
    except (ValueError, KeyError, TypeError):
        reason = f"{path} is damaged"
    raise CacheError(f"{reason}; {remedy}")


def command(job: str, data_dir: str, pictures: PictureSet, parameters: Mapping[str, object]) -> str:
    """The command, in backticks, that has ``job`` compute what ``pictures`` lack."""
    wanted = {"dataset": pictures.dataset, "data_dir": data_dir, **parameters}
    words = [*RUN.split(), "-e", job]
    words += [part for name, value in wanted.items() for part in ("-P", f"{name}={value}")]
    return f"`{shlex.join(words)}`"
