"""A ``data_dir`` in a bucket: its copy on this machine, and what goes from one to the other."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from filelock import FileLock

from seglab.data.files import digest_of


def here(data_dir: str) -> Path:
    """Where ``data_dir`` lies on this machine: itself, or the copy of an ``s3://`` prefix.

    Checkpoints and studies are kept there, too, and stay on the machine that makes them.
    """
    if not data_dir.startswith("s3://"):
        return Path(data_dir).expanduser()
    return kept_copies() / digest_of(data_dir.rstrip("/"))[:8] / PurePosixPath(data_dir).name


def anywhere(data_dir: str) -> str:
    """``data_dir`` in a form that means the same from any folder."""
    return data_dir if data_dir.startswith("s3://") else str(here(data_dir).absolute())


def kept_copies() -> Path:
    """The folder of copies of what lies in buckets: SEGLAB_CACHE, or else ~/.cache/seglab."""
    given = os.environ.get("SEGLAB_CACHE")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seglab"


def fetch(data_dir: str, part: str, wanted: Callable[[PurePosixPath], bool]) -> Path:
    """The folder ``part`` of ``data_dir`` on this machine, up to date.

    Of an ``s3://`` prefix the ``wanted`` files are fetched that are not here or changed there;
    there may be none. Paths are given to ``wanted`` relative to ``part``. Raises ``DataError`` if
    they cannot be had.
    """
    folder = here(data_dir) / part
    if data_dir.startswith("s3://"):
        from seglab.data.s3 import download  # boto3, which a local folder does without

        with held(data_dir, part):
            download(below(data_dir, part), folder.parent, wanted, some=True)
    return folder


@contextmanager
def held(data_dir: str, part: str) -> Iterator[None]:
    """Within, nobody else on this machine fetches the folder ``part`` of ``data_dir``'s bucket.

    Whoever changes the copy holds it until that is published, for ``fetch`` would put back what
    the bucket still has. Who holds it must neither ``fetch`` nor take it again.
    """
    if not data_dir.startswith("s3://"):
        yield
        return
    folder = here(data_dir) / part
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        yield


def publish(data_dir: str, part: str, files: Iterable[str]) -> None:
    """Sends files of the folder ``part`` to ``data_dir`` if that is in a bucket.

    What is there already with the same content is not sent again. Raises ``DataError`` if they
    cannot be stored.
    """
    if data_dir.startswith("s3://"):
        from seglab.data.upload import upload

        upload(below(data_dir, part), here(data_dir) / part, files)


def below(data_dir: str, part: str) -> str:
    """URL of the folder ``part`` of a prefix."""
    return f"{data_dir.rstrip('/')}/{part}"
