"""Fast marching of many labelled fronts over one picture, and more seeds where they arrive last.

The queue is a row of buckets: lists of pixels whose arrival times agree in exponent and upper
mantissa bits, so that buckets widen with time (always under 1 %) and any range fits. Every reached
pixel is in exactly one doubly linked list, its bucket's while it waits and its superpixel's once it
is settled; both moves cost the same few writes, and no outdated entry is ever met. A pixel that is
not reached is a list of its own, for which leaving it does nothing.

All of this stands in one file because numba's cache of a function does not see changes in others.
Indices are unsigned where speed matters: it spares the check for counting from the end, and adding
the complement steps back.
"""

import numpy as np
from numba import njit

UNREACHED = np.int32(-2)
OUTSIDE = np.int32(2**31 - 1)
UNKNOWN = np.float32(np.inf)
BITS = np.int32(16)
"""Lower bits of a float32 that a bucket ignores: 7 of the mantissa are left, 128 an octave."""
FIRST = np.int32(np.float32(0.5).view(np.int32) >> BITS)
"""No pixel but a seed is reached before √½, slowness being 1 or more."""
BUCKETS = 128 * 96
MAX_EXPONENT = 40.0
"""Slowness saturates at e⁴⁰, which keeps the squares and sums of all times finite in float32."""
SLOWEST = np.float32(np.exp(MAX_EXPONENT))
JUST_AFTER = np.float32(1 + 2**-23)
TABLE_FROM = np.int32(np.float32(2**-20).view(np.int32) >> BITS)
TABLE_TO = np.int32(np.float32(2**16).view(np.int32) >> BITS)


@njit(cache=True, error_model="numpy")
def segment(field, segments, seeds, first, batch, inner, table, penalty, update):  # type: ignore[no-untyped-def]
    """Marches from the first ``first`` of ``seeds``, then chooses and marches the rest.

    Every round gives the ``batch`` superpixels of latest arrival one seed each. A new front takes
    whatever it reaches sooner than its present owner did; pixels thereby cut off from their seed
    are given up and taken over from their surroundings. Other arguments: see ``march``, and
    ``look_up_latest`` for ``inner``.
    """
    suspects = np.empty(4 * field.state.size, np.int32)
    orphans = np.empty(field.state.size, np.int32)
    for k in range(first):
        plant(field, segments, seeds[k], k)
    march(field, segments, None, table, penalty, update)
    while first < len(seeds):
        reached = first
        while reached < min(first + batch, len(seeds)):
            k = latest(field.lateness[:first], field, inner)
            if field.lateness[k] == -np.inf:
                break
            seeds[reached] = field.place[k]
            field.lateness[k] = -np.inf  # one seed a round
            reached += 1
        for k in range(first, reached):
            plant(field, segments, seeds[k], k)
        march(field, segments, first, table, penalty, update)
        if free_orphans(field, first, reached, suspects, orphans):
            march(field, segments, None, table, penalty, update)
        first = reached


@njit(inline="always")
def bucket(time):  # type: ignore[no-untyped-def]
    """The bucket of an arrival time."""
    step = (np.float32(time).view(np.int32) >> BITS) - FIRST
    return np.uint64(max(np.int32(step), np.int32(0)))


@njit(inline="always")
def arrival(a, b, slowness):  # type: ignore[no-untyped-def]
    """Upwind solution from the earliest neighbours in both axes (infinite where there is none).

    Always later than the earlier one, be it by one unit in the last place, so that from every
    pixel a path of falling times leads to the seed.
    """
    early = min(a, b)
    wait = max(a, b) - early
    if wait < slowness:
        root = np.sqrt(np.float32(2) * slowness * slowness - wait * wait)
        later = (wait + root) * np.float32(0.5)
    else:
        later = slowness
    return max(early + later, early * JUST_AFTER)


@njit(cache=True, error_model="numpy")
def march(field, segments, open_below, table, penalty, update):  # type: ignore[no-untyped-def]
    """Empties the queue: fronts advance over unsettled pixels and over superpixels < open_below.

    ``table`` is slowness by colour distance (see ``slowness_table``); ``penalty`` multiplies it on
    pixels of other ``segments`` than the seed's. With ``update`` the colour of a front is the
    running mean of all that it ever settled. There are no helpers that take arrays: numba would
    count references at each call, which takes five times as long.
    """
    colors, state, times, lateness = field.colors, field.state, field.times, field.lateness
    following, preceding = field.following, field.preceding
    front, segment = field.front, field.segment
    one, row = np.uint64(1), np.uint64(field.stride)
    pixels, end = np.uint64(state.size), np.uint64(following.size - 1)
    superpixels = pixels + np.uint64(BUCKETS)

    now = np.uint64(0)
    while now < np.uint64(BUCKETS):
        p = np.uint64(following[pixels + now])
        if p == end:
            now += one
            continue
        after = np.uint64(following[p])
        following[pixels + now] = after
        preceding[after] = pixels + now

        mine = np.int32(state[p] | 1)
        k = np.uint64(mine >> 1)
        after = np.uint64(following[superpixels + k])
        following[p] = after
        preceding[after] = p
        preceding[p] = superpixels + k
        following[superpixels + k] = p
        c0, c1, c2 = front[k, 0], front[k, 1], front[k, 2]
        if update and state[p] != mine:
            front[k, 3] += np.float32(1)
            share = np.float32(1) / front[k, 3]
            c0 += (colors[p, 0] - c0) * share
            c1 += (colors[p, 1] - c1) * share
            c2 += (colors[p, 2] - c2) * share
            front[k, 0], front[k, 1], front[k, 2] = c0, c1, c2
        state[p] = mine

        for direction in range(4):
            if direction < 2:
                step = one if direction == 0 else ~np.uint64(0)
                across = row
            else:
                step = row if direction == 2 else np.uint64(0) - row
                across = one
            q = p + step
            before = state[q]
            if before & 1 and (open_below is None or before >= 2 * open_below):
                continue
            a = times[p]
            if state[q + step] == mine:
                a = min(a, times[q + step])
            b1 = times[q + across] if state[q + across] == mine else np.float32(np.inf)
            b2 = times[q - across] if state[q - across] == mine else np.float32(np.inf)
            d0, d1, d2 = colors[q, 0] - c0, colors[q, 1] - c1, colors[q, 2] - c2
            distance = np.float32(d0 * d0 + d1 * d1 + d2 * d2)
            entry = np.int32((distance.view(np.int32) >> BITS) - TABLE_FROM)
            slowness = table[np.uint64(max(entry, np.int32(0)))]
            if segments is not None:  # noqa: SIM102 (apart, numba drops it where there are none)
                if segments[q] != segment[k]:
                    slowness = min(slowness * penalty, SLOWEST)
            time = arrival(a, min(b1, b2), slowness)
            if time < times[q]:
                times[q] = time
                state[q] = mine ^ 1
                if open_below is not None and before & 1:
                    lateness[np.uint64(before >> 1)] = UNKNOWN
                after, ahead = np.uint64(following[q]), np.uint64(preceding[q])
                following[ahead] = after
                preceding[after] = ahead
                place = max(bucket(time), now)
                after = np.uint64(following[pixels + place])
                following[q] = after
                preceding[after] = q
                preceding[q] = pixels + place
                following[pixels + place] = q


@njit(cache=True)
def plant(field, segments, pixel, k):  # type: ignore[no-untyped-def]
    """Front ``k`` waits at ``pixel`` with arrival time 0 and the pixel's colour."""
    if field.state[pixel] != UNREACHED:
        field.lateness[field.state[pixel] >> 1] = UNKNOWN
    field.state[pixel] = 2 * k
    field.times[pixel] = 0
    field.front[k, :3] = field.colors[pixel]
    field.front[k, 3] = 1
    field.lateness[k] = UNKNOWN
    if segments is not None:
        field.segment[k] = segments[pixel]
    relink(field.following, field.preceding, pixel, field.state.size)


@njit(cache=True)
def latest(lateness, field, inner):  # type: ignore[no-untyped-def]
    """The superpixel whose ``place`` is reached last."""
    while True:
        k = np.argmax(lateness)
        if lateness[k] != UNKNOWN:
            return k
        look_up_latest(field, k, inner)


@njit(cache=True, error_model="numpy")
def look_up_latest(field, k, inner):  # type: ignore[no-untyped-def]
    """Finds ``place``: the latest pixel of ``k`` off its border, all ``inner`` offsets its own.

    A superpixel without such a pixel comes after all that have one, by its latest pixel; one that
    is nothing but its seed has lateness -∞.
    """
    state, times, following, place = field.state, field.times, field.following, field.place
    own, end = np.int32(2 * k + 1), np.uint64(following.size - 1)
    late = late_inner = np.float32(0)
    p = np.uint64(following[state.size + BUCKETS + k])
    while p != end:
        time = times[p]
        if time > late_inner:
            if is_inner(state, p, own, inner):
                late_inner = time
                place[k] = p
            elif late_inner == 0 and time > late:
                late = time
                place[k] = p
        p = np.uint64(following[p])
    if late_inner > 0:
        field.lateness[k] = late_inner
    else:
        field.lateness[k] = -1 / late if late > 0 else -np.inf


@njit(cache=True)
def is_inner(state, pixel, own, offsets):  # type: ignore[no-untyped-def]
    """Whether every pixel at ``offsets`` from ``pixel`` is its superpixel's or off the picture."""
    for offset in offsets:
        other = state[pixel + offset]
        if other != own and other != OUTSIDE:
            return False
    return True


@njit(cache=True)
def free_orphans(field, first, reached, suspects, orphans):  # type: ignore[no-untyped-def]
    """Unsettles pixels from which no path of falling times leads to their seed; returns how many.

    Only fronts from ``first`` up have taken pixels since all was well. The settled pixels around
    orphans are put back into the queue, so that marching fills the gaps. ``suspects`` and
    ``orphans`` are memory to work in.
    """
    state, times = field.state, field.times
    following, preceding = field.following, field.preceding
    end, around = following.size - 1, (-1, 1, -field.stride, field.stride)
    suspected = found = 0
    for k in range(first, reached):
        p = following[state.size + BUCKETS + k]
        while p != end:
            for step in around:
                if state[p + step] < 2 * first:
                    suspects[suspected] = p + step
                    suspected += 1
            p = following[p]
    while suspected:
        suspected -= 1
        p = suspects[suspected]
        own = state[p]
        if own == UNREACHED or own >= 2 * first or is_led(state, times, field.stride, p):
            continue
        state[p] = UNREACHED
        times[p] = np.inf
        relink(following, preceding, p, p)
        field.lateness[own >> 1] = UNKNOWN
        orphans[found] = p
        found += 1
        for step in around:
            suspects[suspected] = p + step
            suspected += 1
    for orphan in orphans[:found]:
        for step in around:
            p = orphan + step
            if state[p] & 1 and state[p] != OUTSIDE:
                field.lateness[state[p] >> 1] = UNKNOWN
                relink(following, preceding, p, state.size + np.int64(bucket(times[p])))
    return found


@njit(cache=True)
def is_led(state, times, stride, p):  # type: ignore[no-untyped-def]
    """Whether ``p`` is a seed or has a neighbour of its own that was reached earlier."""
    if times[p] == 0:
        return True
    for q in (p - 1, p + 1, p - stride, p + stride):
        if state[q] == state[p] and times[q] < times[p]:
            return True
    return False


@njit(cache=True)
def relink(following, preceding, p, head):  # type: ignore[no-untyped-def]
    """Moves ``p`` from its list to the front of that of ``head`` (of its own, if that is ``p``)."""
    after, ahead = following[p], preceding[p]
    following[ahead] = after
    preceding[after] = ahead
    following[p] = preceding[p] = p
    after = following[head]
    following[p] = after
    preceding[after] = p
    preceding[p] = head
    following[head] = p
