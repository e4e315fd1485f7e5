"""The disk is full while a cache is filled."""

import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from seglab.data.cache import open_cache
from seglab.data.files import digest_of
from seglab.errors import SeglabError
from tests.children import in_child

VALUES = np.arange(100_000, dtype=np.uint8)


def test_what_is_stored_is_whole_and_the_rest_is_told(tmp_path: Path) -> None:
    cache = open_cache(str(tmp_path), "saliency")
    small, large = digest_of("small"), digest_of("large")

    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        cache.store(small, VALUES[:1000])
        with pytest.raises(SeglabError, match=rf"{large}\.arrow: no room .* bytes free.*free some"):
            cache.store(large, VALUES)

    assert in_child(fill) == 0
    assert cache.has(small)
    assert not cache.has(large)
    assert [path.name for path in cache.folder.rglob("*.*")] == [f"{small}.arrow"]
    cache.store(large, VALUES)
    assert np.array_equal(cache.load(large), VALUES)
