"""The code's digest: what computes counts, how it is worded does not."""

import pytest

from seglab.jobs import code
from seglab.jobs.code import code_digest, program


def test_words_and_layout_do_not_count_and_numbers_do(tmp_path):
    texts = {
        "plain": "def f(x):\n    return x + 1\n",
        "told": '"""A module."""\n\ndef f(x):\n    "One more."\n    # why\n    return (x + 1)\n',
        "other": "def f(x):\n    return x + 2\n",
        "words": 'def f(x):\n    return "two"\n',
    }
    programs = {}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        programs[name] = program(tmp_path / name)
    assert programs["plain"] == programs["told"]
    assert len(set(programs.values())) == 3


def test_the_digest_is_one_of_32_digits():
    assert len(code_digest()) == 32
    assert code_digest() == code_digest()


@pytest.mark.parametrize("library", ["torch", "scikit-image", "numba"])
def test_another_version_of_what_computes_is_another_digest(monkeypatch, library):
    other = {library: "0.0"}
    monkeypatch.setattr(code, "version", lambda name: other.get(name, "1.0"))
    changed = code_digest.__wrapped__()
    other.clear()
    assert changed != code_digest.__wrapped__()
