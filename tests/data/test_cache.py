import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from seglab.data.cache import open_cache
from seglab.data.files import digest_of
from seglab.errors import CacheError

KEY = digest_of("pixels")
VALUES = np.random.default_rng(0).integers(0, 256, (512, 512), dtype=np.uint8)


@pytest.fixture
def cache(tmp_path):
    return open_cache(str(tmp_path), "saliency")


@pytest.mark.parametrize("shape", [(1,), (333, 500), (512, 512), (64, 90, 3)])
def test_a_stored_array_comes_back_memory_mapped(cache, shape):
    values = np.resize(VALUES, shape)
    assert not cache.has(KEY)
    cache.store(KEY, values)
    assert cache.has(KEY)
    loaded = cache.load(KEY)
    assert np.array_equal(loaded, values)
    assert loaded.dtype == np.uint8
    assert not loaded.flags.writeable
    assert not loaded.flags.owndata
    assert cache.path(KEY).parent.name == KEY[:2]


def test_an_array_that_is_not_contiguous_is_stored_as_it_looks(cache):
    cache.store(KEY, VALUES[::2, ::3])
    assert np.array_equal(cache.load(KEY), VALUES[::2, ::3])


def test_loading_leaves_no_file_open(cache):
    cache.store(KEY, VALUES)
    before = len(list(Path("/proc/self/fd").iterdir()))
    maps = [cache.load(KEY) for _ in range(50)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert all(np.array_equal(each, VALUES) for each in maps[::10])


def test_an_array_stays_readable_after_it_was_stored_again(cache):
    cache.store(KEY, VALUES)
    loaded = cache.load(KEY)
    cache.store(KEY, VALUES)
    cache.path(KEY).unlink()
    assert np.array_equal(loaded, VALUES)


def test_reading_512_squared_takes_no_more_than_a_fifth_of_a_millisecond(cache):
    cache.store(KEY, VALUES)
    seconds = []
    for _ in range(500):
        started = time.perf_counter()
        cache.load(KEY).copy()
        seconds.append(time.perf_counter() - started)
    # Best of many, as the machine may be busy with other things.
    assert min(seconds) < 0.2e-3


@pytest.mark.parametrize("kept", [0, 3, 8, 100, 262_000, -5, -1])
def test_a_truncated_file_is_missing(cache, kept):
    cache.store(KEY, VALUES)
    path = cache.path(KEY)
    path.write_bytes(path.read_bytes()[:kept])
    assert not cache.has(KEY)


def test_a_flipped_bit_anywhere_makes_a_file_missing(cache):
    cache.store(KEY, VALUES[:20, :20])
    path = cache.path(KEY)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        assert not cache.has(KEY), position
    path.write_bytes(whole)
    assert cache.has(KEY)


def test_an_array_lost_after_the_check_is_named(cache):
    with pytest.raises(CacheError, match=rf"{KEY}\.arrow is gone or damaged.*saliency job again"):
        cache.load(KEY)
    cache.store(KEY, VALUES)
    cache.path(KEY).write_bytes(b"")
    with pytest.raises(CacheError, match=f"{KEY}"):
        cache.load(KEY)


def test_what_killed_writers_left_is_swept_when_old(cache):
    cache.store(KEY, VALUES)
    fresh, old = (cache.path(KEY).with_name(f".{KEY}.arrow.{n}.tmp") for n in ("01", "02"))
    for path in (fresh, old):
        path.write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    os.utime(cache.path(KEY), (two_hours_ago, two_hours_ago))
    cache.sweep()
    assert fresh.exists()
    assert not old.exists()
    assert cache.has(KEY)


def test_cache_can_be_pickled(cache):
    cache.store(KEY, VALUES)
    assert np.array_equal(pickle.loads(pickle.dumps(cache)).load(KEY), VALUES)
