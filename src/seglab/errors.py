"""What can go wrong. Every message says what is wrong, where (file, key, flag) and what to do."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper

RUN = "mlflow run ." if shutil.which("conda") else "mlflow run . --env-manager local"
"""How messages start an entry point: without conda MLflow's own choice of environment fails."""


class SeglabError(Exception):
    """A fault the user can mend; its text is shown without a traceback."""

    exit_code = 1


class ConfigError(SeglabError, ValueError):
    """Flags that contradict each other or name something unknown."""

    exit_code = 2


class DataError(SeglabError):
    """Pictures, masks or a prepared data set that cannot be used."""


class WeightsError(SeglabError):
    """Pretrained weights that are missing, unreadable or of another network."""


class NoWeightsError(WeightsError):
    """Pretrained weights that are neither on this machine nor to be downloaded."""


class CacheError(SeglabError):
    """Computed arrays, such as saliency maps, that are missing or do not fit the data set."""


class CheckpointError(SeglabError):
    """A checkpoint that is missing, damaged or of another configuration."""


class TrainingError(SeglabError):
    """A training that cannot go on: NaN loss, a dead process that read samples."""


class OutOfMemoryError(SeglabError):
    """A computation that needs more memory than there is."""


class StudyError(SeglabError):
    """A study's database that cannot be used, or a study that came to nothing."""


class LaunchError(SeglabError):
    """Workers that cannot be started, or failed."""


class TrackingError(SeglabError):
    """An MLflow store, run or artifact that cannot be reached or does not exist."""


class MissingArtifactError(TrackingError):
    """A run that can be read, but has no such artifact."""


class SilentServerError(TrackingError):
    """A tracking server that does not answer."""


@contextmanager
def exit_codes() -> Iterator[None]:
    """Within, a fault ends the program with its text and exit code, Ctrl-C with 130.

    What the terminal has no letters for, such as ± in the C locale or a path that is not UTF-8, is
    escaped rather than an error of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    except SeglabError as error:
        print(f"\nseglab: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nseglab: interrupted", file=sys.stderr)
        sys.exit(130)


def all_faults(heading: str, faults: Sequence[str], remedy: str, shown: int = 50) -> str:
    """One text listing every fault (the first ``shown``, then how many more) and the remedy."""
    lines = [f"  - {fault}" for fault in faults[:shown]]
    if len(faults) > shown:
        lines.append(f"  … and {len(faults) - shown} more")
    return "\n".join([f"{heading}:", *lines, remedy])


def counted(number: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def choose(name: str, flag: str, known: Iterable[str]) -> str:
    """``name`` if it is one of ``known``; raises ``ConfigError`` listing the choices otherwise."""
    choices = list(known)
    if name not in choices:
        raise ConfigError(f"{flag}={name!r} is unknown; choose one of {', '.join(choices)}")
    return name
