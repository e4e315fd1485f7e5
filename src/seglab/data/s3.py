"""Objects below an s3:// prefix as local files; the endpoint is AWS_ENDPOINT_URL's, or Amazon's."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.session import get_session
from tqdm import tqdm

from seglab.data.archives import inside
from seglab.data.files import atomic_write
from seglab.errors import DataError
from seglab.reasons import bucket_reason

ENDPOINT = "AWS_ENDPOINT_URL"
"""The variable that names another endpoint than Amazon's."""
THREADS = 8
ATTEMPTS = 3
CHUNK = 1 << 20
DIGEST = "sha256"
"""Key of an object's metadata: the digest of a file that ``upload`` stored."""
MD5 = re.compile("[0-9a-f]{32}")
CLIENT = Config(
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=THREADS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
)


@dataclass(frozen=True)
class Object:
    """An object and the local file it goes to."""

    bucket: str
    key: str
    size: int
    etag: str
    modified: datetime
    path: Path

    def is_here(self) -> bool:
        """Whether the local file is this object: written whole, then stamped with its time."""
        if not self.path.is_file():
            return False
        local = self.path.stat()
        return (local.st_size, local.st_mtime) == (self.size, self.modified.timestamp())


def download(
    url: str, into: Path, wanted: Callable[[PurePosixPath], bool], some: bool = False
) -> Path:
    """The local copy, below ``into``, of the object or of all ``wanted`` objects ``url`` names.

    Objects that are there already, unchanged, are not fetched again; local files that are no
    longer in the bucket are removed, and a prefix without any is refused, unless ``some`` will do.
    Raises ``DataError`` naming ``url`` in one sentence.
    """
    bucket, prefix = parts(url)
    root = into / (PurePosixPath(prefix).name or bucket)
    with telling(url):
        client = connect()
        objects = listed(client, url, bucket, prefix, root, wanted)
        if not some:
            if not objects:
                raise DataError(f"{url} holds no files; check bucket and prefix")
            for stale in {p for p in into.rglob("*") if p.is_file()} - {o.path for o in objects}:
                stale.unlink()
        missing = [each for each in objects if not each.is_here()]
        _fetch_all(client, url, missing)
    return root


def stamp(path: Path, modified: datetime) -> None:
    """Gives a file the time of its object, by which it is known to be this object."""
    os.utime(path, (modified.timestamp(), modified.timestamp()))


def in_threads(tasks: Iterable[Callable[[], object]]) -> None:
    """Does all of them, some at a time; the first to fail ends it."""
    with ThreadPoolExecutor(THREADS) as pool:
        done = [pool.submit(task) for task in tasks]
        try:
            for each in done:
                each.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def parts(url: str) -> tuple[str, str]:
    """Bucket and prefix."""
    return urlsplit(url).netloc, urlsplit(url).path.strip("/")


def connect(endpoint: str | None = None) -> Any:
    """A client at ``endpoint``, or AWS_ENDPOINT_URL's."""
    # A session of its own: boto3's default one keeps the credentials it first saw.
    session = get_session()
    session.register_component("data_loader", _service_models())
    client = boto3.Session(botocore_session=session).client
    return client("s3", config=CLIENT, endpoint_url=endpoint)


@cache
def _service_models() -> Loader:
    """What S3 can be asked: a megabyte of JSON, whose reading is most of a session's start."""
    return create_loader()


def listed(
    client: Any,
    url: str,
    bucket: str,
    prefix: str,
    root: Path,
    wanted: Callable[[PurePosixPath], bool],
) -> list[Object]:
    """The object ``prefix``, or the ``wanted`` ones below it, with their files in ``root``."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    folder = f"{prefix}/" if prefix else ""
    entries = [
        entry
        for page in pages
        for entry in page.get("Contents", ())
        # A prefix is a folder here: s3://bucket/a must not fetch what lies under s3://bucket/ab.
        if entry["Key"] == prefix
        or (entry["Key"].startswith(folder) and not entry["Key"].endswith("/"))
    ]
    names = [entry["Key"].removeprefix(folder) for entry in entries]
    return [
        Object(
            bucket,
            entry["Key"],
            entry["Size"],
            entry["ETag"].strip('"'),
            entry["LastModified"],
            root if entry["Key"] == prefix else root / name,
        )
        for entry, name in zip(entries, inside(names, url), strict=True)
        if entry["Key"] == prefix or wanted(name)
    ]


def _fetch_all(client: Any, url: str, objects: list[Object]) -> None:
    total = sum(each.size for each in objects)
    with tqdm(desc=f"download {url}", total=total, unit="B", unit_scale=True) as progress:
        in_threads(partial(_fetch, client, each, progress.update) for each in objects)


def _fetch(client: Any, wanted: Object, advance: Callable[[int], object]) -> None:
    """Downloads one object, again if it arrives damaged, and stamps it with the object's time."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            atomic_write(wanted.path, lambda file: _copy(client, wanted, file.write, advance))
            break
        except (boto.HTTPClientError, boto.IncompleteReadError, _DamagedError):
            if attempt == ATTEMPTS:
                raise
    stamp(wanted.path, wanted.modified)


def _copy(
    client: Any,
    wanted: Object,
    write: Callable[[bytes], object],
    advance: Callable[[int], object],
) -> None:
    # IfMatch: an object that is replaced between listing and reading must not come half and half.
    reply = client.get_object(Bucket=wanted.bucket, Key=wanted.key, IfMatch=f'"{wanted.etag}"')
    ours = reply["Metadata"].get(DIGEST)
    digest, size = hashlib.sha256() if ours else hashlib.md5(usedforsecurity=False), 0
    for chunk in reply["Body"].iter_chunks(CHUNK):
        write(chunk)
        advance(len(chunk))
        digest.update(chunk)
        size += len(chunk)
    # The tag of an object sent in parts, or encrypted with a key of one's own, is no MD5.
    is_md5 = MD5.fullmatch(wanted.etag) and reply.get("ServerSideEncryption", "AES256") == "AES256"
    expected = ours or (wanted.etag if is_md5 else "")
    if size != wanted.size or (expected and digest.hexdigest() != expected):
        raise _DamagedError(f"{wanted.key}: {size:,} of {wanted.size:,} bytes, or another checksum")


class _DamagedError(Exception):
    """An object that did not arrive as the bucket lists it."""


@contextmanager
def telling(url: str, variable: str = ENDPOINT, doing: str = "read") -> Iterator[None]:
    """Within, turns the client's errors into one sentence naming ``url``.

    ``variable`` is the one that names the endpoint.
    """
    try:
        yield
    except (_DamagedError, boto.IncompleteReadError) as error:
        raise DataError(
            f"{url} arrived damaged {ATTEMPTS} times ({error}); run the same command again, what "
            "has arrived is kept"
        ) from error
    except (boto.BotoCoreError, boto.ClientError, Boto3Error, ValueError) as error:
        reason = bucket_reason(error, variable, parts(url)[0])
        raise DataError(f"{url} cannot be {doing}: {reason}") from error
