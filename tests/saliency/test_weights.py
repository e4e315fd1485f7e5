import functools
import hashlib
import http.server
import pickle
import socket
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager

import pytest
import torch

from seglab.errors import NoWeightsError, WeightsError
from seglab.saliency import weights
from seglab.saliency.vgg import expected_state, load_vgg16, random_state
from seglab.saliency.weights import digest_of_state, find_weights, pretrained, read_state


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty torch cache, no environment variable, no proxy."""
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", weights.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@contextmanager
def served(folder):
    """Address of a real web server on ``folder``."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def saved(path, state):
    torch.save(state, path)
    return path


def test_pretrained_weights_are_downloaded_once_and_checked(hub, tmp_path, monkeypatch):
    published = tmp_path / "vgg16-published.pth"
    published.write_bytes(b"weights")
    with served(tmp_path) as address:
        monkeypatch.setattr(weights, "URL", f"{address}/{published.name}")
        monkeypatch.setattr(weights, "SHA256_PREFIX", "00000000")
        with pytest.raises(NoWeightsError, match="invalid hash value"):
            pretrained()
        assert not any(hub.iterdir())
        monkeypatch.setattr(weights, "SHA256_PREFIX", hashlib.sha256(b"weights").hexdigest()[:8])
        assert find_weights("imagenet") == ("imagenet", hub / published.name)
    # The server is gone; the cache is not.
    assert pretrained().read_bytes() == b"weights"


def test_without_network_the_error_says_what_to_pass_instead(hub, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(NoWeightsError) as caught:
        load_vgg16("auto")
    text = str(caught.value)
    assert "https://download.pytorch.org/models/vgg16-397923af.pth" in text
    assert str(hub / "vgg16-397923af.pth") in text
    assert "SEGLAB_VGG16_WEIGHTS=" in text
    assert "-P weights=random -P target=features" in text


def test_a_silent_server_is_not_waited_for(hub, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(weights, "URL", f"http://127.0.0.1:{silent.getsockname()[1]}/a.pth")
        monkeypatch.setattr(weights, "PATIENCE", 0.3)
        started = time.monotonic()
        with pytest.raises(NoWeightsError, match="timed out"):
            pretrained()
        assert time.monotonic() - started < 3
    assert socket.getdefaulttimeout() is None


def test_the_environment_names_the_file_for_auto_alone(hub, tmp_path, monkeypatch):
    path = tmp_path / "mine.pt"
    path.touch()
    monkeypatch.setenv("SEGLAB_VGG16_WEIGHTS", str(path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert find_weights("auto") == (str(path), path)
    with pytest.raises(NoWeightsError):
        find_weights("imagenet")
    monkeypatch.setenv("SEGLAB_VGG16_WEIGHTS", "/nowhere/mine.pt")
    with pytest.raises(WeightsError, match=r"SEGLAB_VGG16_WEIGHTS=/nowhere/mine\.pt") as caught:
        find_weights("auto")
    # A file named in error is a fault to mend, not a machine without weights.
    assert not isinstance(caught.value, NoWeightsError)


def test_every_fault_of_a_state_dict_is_listed(tmp_path):
    state = random_state()
    del state["features.0.bias"]
    state["features.2.weight"] = torch.zeros(64, 64, 1, 1)
    state["features.5.bias"][3] = float("nan")
    state["classifier.6.bias"] = torch.zeros(1000)
    state["head.weight"] = torch.zeros(1)
    with pytest.raises(WeightsError) as caught:
        load_vgg16(str(saved(tmp_path / "odd.pt", state)))
    text = str(caught.value)
    assert "features.0.bias is missing" in text
    assert "features.2.weight has the shape (64, 64, 1, 1), not (64, 64, 3, 3)" in text
    assert "features.5.bias holds NaN or infinity" in text
    assert "classifier.0.weight is missing" in text  # part of a classifier is none
    assert "head.weight is not a weight of VGG16" in text


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_state_dict_is_refused(tmp_path, content):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.pt"):
        read_state(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = saved(tmp_path / "cut.pt", random_state())
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match=r"cut\.pt"):
        read_state(path)


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


@pytest.mark.parametrize(
    "write", [torch.save, lambda x, p: p.write_bytes(pickle.dumps(x, protocol=2))]
)
def test_a_file_that_would_run_code_is_refused_unread(tmp_path, write):
    path = tmp_path / "evil.pt"
    write({"features.0.weight": Evil()}, path)
    with pytest.raises(WeightsError, match=r"evil\.pt"):
        read_state(path)


def test_a_checkpoint_around_the_weights_is_refused(tmp_path):
    path = saved(tmp_path / "checkpoint.pt", {"state_dict": random_state(), "epoch": 3})
    with pytest.raises(WeightsError, match=r"save the network's state_dict\(\)"):
        read_state(path)


def test_digest_is_of_the_tensors_not_of_the_file(tmp_path):
    state = random_state()
    plain = saved(tmp_path / "plain.pt", state)
    other = tmp_path / "other.pth"
    torch.save(OrderedDict(reversed(state.items())), other, _use_new_zipfile_serialization=False)
    assert plain.read_bytes() != other.read_bytes()
    assert digest_of_state(read_state(plain)) == digest_of_state(read_state(other))
    state["features.28.bias"][511] = 1e-9
    assert digest_of_state(state) != digest_of_state(read_state(plain))


def test_expected_state_is_torchvisions():
    # Loaded here alone: torchvision takes seconds to import.
    from torchvision.models import vgg16

    with torch.device("meta"):
        theirs = vgg16().state_dict()
    ours = expected_state()
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()
    }
