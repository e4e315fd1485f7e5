import numpy as np

from seglab.superpixels import eikonal as module
from seglab.superpixels.field import WIDTH
from seglab.superpixels.marching import OUTSIDE, STATE, TIME, look_up_latest, segment


def test_latest_arrivals_are_found_though_lists_are_partly_out_of_order(monkeypatch):
    fields = []

    def keeping(field, seeds, first, batch, inner, *others):
        segment(field, seeds, first, batch, inner, *others)
        fields.append((field, inner))

    monkeypatch.setattr(module, "segment", keeping)
    noise = np.random.default_rng(0).integers(0, 3, (200, 200, 3)) * 127
    module.eikonal(noise.astype(np.uint8), 200, color_weight=3.0, update=False)
    [(field, inner)] = fields
    words, reals = (each[: field.queue].reshape(-1, WIDTH) for each in (field.words, field.reals))
    found = 0
    for k in range(200):
        look_up_latest(field, k, inner)
        settled = field.superpixels + WIDTH * k + 1
        [own] = np.nonzero(words[:, STATE] == settled)
        around = words[own[:, None] + inner // WIDTH, STATE]
        inside = own[((around == settled) | (around == OUTSIDE)).all(axis=1)]
        latest = reals[inside, TIME].max(initial=0)
        if latest:
            found += 1
            assert field.lateness[k] == latest
    assert found > 100
