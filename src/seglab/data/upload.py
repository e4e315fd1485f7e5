"""Files of this machine into a bucket, whole and with their digests."""

import hashlib
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from seglab.data.s3 import DIGEST, connect, in_threads, listed, parts, stamp, telling


def check_writable(url: str, variable: str) -> None:
    """Raises ``DataError`` in one sentence if nothing can be stored and read below ``url``.

    The endpoint is the one that ``variable`` names, or else AWS_ENDPOINT_URL.
    """
    bucket, prefix = parts(url)
    probe = f"{prefix}/seglab-probe".lstrip("/")
    with telling(url, variable, "used"):
        client = connect(os.environ.get(variable) or None)
        client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        client.put_object(Bucket=bucket, Key=probe, Body=b"")
        client.delete_object(Bucket=bucket, Key=probe)


def upload(url: str, root: Path, names: Iterable[str]) -> None:
    """Stores files of the folder ``root`` below the prefix ``url``.

    Each carries its digest, by which it is checked when it is fetched. What is there already is
    not sent again. Raises ``DataError`` naming ``url`` in one sentence.
    """
    bucket, prefix = parts(url)
    given = dict.fromkeys(names)
    with telling(url, doing="written"):
        client = connect()
        known = listed(client, url, bucket, prefix, root, lambda name: str(name) in given)
        there = {each.path for each in known if each.is_here()}
        missing = [name for name in given if root / name not in there]
        with tqdm(desc=f"upload {url}", total=len(missing), unit="file") as progress:

            def send(name: str) -> None:
                _send(client, bucket, f"{prefix}/{name}".lstrip("/"), root / name)
                progress.update()

            in_threads(partial(send, name) for name in missing)


def _send(client: Any, bucket: str, key: str, path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    client.upload_file(str(path), bucket, key, ExtraArgs={"Metadata": {DIGEST: digest}})
    stamp(path, client.head_object(Bucket=bucket, Key=key)["LastModified"])
