import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from seglab.data.files import atomic_write, digest_array, digest_of, sweep
from seglab.errors import SeglabError


def test_the_file_holds_what_was_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.bin"
    atomic_write(path, lambda file: file.write(b"one"))
    atomic_write(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failing_writer_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    with pytest.raises(type(error)):
        atomic_write(path, write)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file_and_a_stray_that_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from seglab.data.files import atomic_write\n"
        "def write(file):\n"
        "    file.write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic_write(Path(sys.argv[1]), write)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, path], env=os.environ | {"PYTHONPATH": "src"}
    )
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def full_disk() -> object:
    """No file can grow beyond 1000 bytes in this test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_with_the_file_and_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    atomic_write(path, lambda file: file.write(b"old"))
    with pytest.raises(SeglabError, match=r"a\.bin: no room .*after 1,000 bytes.*bytes free"):
        atomic_write(path, lambda file: file.write(b"n" * 2000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_through_a_library_that_hides_it(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        try:
            file.write(b"n" * 2000)
        except OSError:
            raise RuntimeError("unexpected pos 64") from None  # what torch.save says

    with pytest.raises(SeglabError, match="no room"):
        atomic_write(tmp_path / "a.bin", write)


def test_an_error_of_the_writer_itself_is_not_taken_for_the_disk(tmp_path: Path) -> None:
    def write(file: BinaryIO) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "the network is gone")

    with pytest.raises(ConnectionResetError):
        atomic_write(tmp_path / "a.bin", write)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SeglabError, match=r"a\.bin: cannot be written"):
        atomic_write(tmp_path / "file" / "a.bin", lambda file: file.write(b""))


def test_digests_of_parts_know_where_a_part_ends() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of("ab", "c") == digest_of(b"ab", memoryview(b"c"))
    assert len(digest_of()) == 32


def test_digests_of_arrays_depend_on_values_shape_and_type_only() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert digest_array(array) == digest_array(np.asfortranarray(array))
    assert digest_array(array) == digest_array(np.dstack([array, array])[..., 0])
    others = [array + 1, array.reshape(3, 2), array.astype(np.int8), array.T, array[:0]]
    assert len({digest_array(other) for other in [array, *others]}) == 6
