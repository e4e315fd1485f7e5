"""Fast marching of many labelled fronts over one picture, and more seeds where they arrive last.

The queue is a row of buckets: lists of pixels whose arrival times agree in exponent and upper
mantissa bits, so that buckets widen with time (always under 1 %) and any range fits. Every reached
pixel is in exactly one doubly linked list, its bucket's while it waits and its superpixel's once it
is settled, and no outdated entry is ever met. A pixel that is not reached is a list of its own.

What is known of a pixel is one record of eight 32-bit words, half a line of the processor's cache,
and so is the head of a list. A record's address is the index of its first word; unsigned where
speed matters, which spares the check for counting from the end. All of this stands in one file
because numba's cache of a function does not see changes in others.
"""

import numpy as np
from numba import njit

RECORD = np.uint8(8)
"""Words of a record."""
TIME, STATE, NEXT, BACK = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(3)
"""Arrival time; address of the superpixel's record, plus 1 if settled, or UNREACHED, or OUTSIDE;
neighbours in the list. A superpixel's record has for TIME how many pixels its colour is the mean of
(the seed counts twice, as in the original study), and for STATE how many of the first pixels in its
list may be out of order."""
C0, C1, C2, SEGMENT = np.uint8(4), np.uint8(5), np.uint8(6), np.uint8(7)
"""Colour and segment of a pixel; of a superpixel, the colour its front compares with and the
segment of its seed."""

UNREACHED = np.int32(-2)
OUTSIDE = np.int32(2**31 - 1)
"""Reads as settled."""
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
TABLE_TO = np.int32(np.float32(2**31).view(np.int32) >> BITS)
"""No distance is as large: of 3 channels of deviation 1, d² ≤ 6 pixels, and there are under 2²⁸."""


@njit(cache=True, error_model="numpy")
def segment(field, seeds, first, batch, inner, table, penalty, update):  # type: ignore[no-untyped-def]
    """Marches from the first ``first`` of ``seeds``, then chooses and marches the rest.

    Every round gives the ``batch`` superpixels of latest arrival one seed each. A new front takes
    whatever it reaches sooner than its present owner did; pixels thereby cut off from their seed
    are given up and taken over from their surroundings. Other arguments: see ``march``, and
    ``look_up_latest`` for ``inner``.
    """
    suspects = np.empty(4 * field.pixels, np.int32)
    for k in range(first):
        plant(field, seeds[k], k)
    march(field, None, suspects, table, penalty, update)
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
            plant(field, seeds[k], k)
        suspected = march(field, first, suspects, table, penalty, update)
        orphans = free_orphans(field, first, suspects, suspected)
        march(field, None, suspects, table, penalty, update)
        for orphan in orphans:  # they came to the front of some list
            field.words[field.words[orphan + STATE] - 1 + STATE] += 1
        first = reached


@njit(inline="always")
def move(words, p, head):  # type: ignore[no-untyped-def]
    """Moves ``p`` from its list to the front of that of ``head``."""
    after, ahead = np.uint64(words[p + NEXT]), np.uint64(words[p + BACK])
    words[ahead + NEXT] = after
    words[after + BACK] = ahead
    after = np.uint64(words[head + NEXT])
    words[p + NEXT] = after
    words[after + BACK] = p
    words[p + BACK] = head
    words[head + NEXT] = p


@njit(inline="always")
def bucket(time):  # type: ignore[no-untyped-def]
    """The bucket of an arrival time."""
    return np.uint64(max((np.float32(time).view(np.int32) >> BITS) - FIRST, np.int32(0)))


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
def march(field, open_from, suspects, table, penalty, update):  # type: ignore[no-untyped-def]
    """Empties the queue: fronts advance over unsettled pixels.

    With ``open_from``, superpixels from that number on are marched, and take settled pixels of
    those below; those that they come to but do not take are listed in ``suspects``, and returned is
    how many. ``table`` is slowness by colour distance (see ``slowness_table``); ``penalty``, if
    any, multiplies it on pixels of other segments than the seed's. With ``update`` the colour of a
    front is the running mean of all that it ever settled. There are no helpers that take arrays:
    numba would count references at each call, which takes five times as long.
    """
    words, reals, known = field.words, field.reals, field.known
    queue, superpixels = np.uint64(field.queue), np.uint64(field.superpixels)
    row, col, end = np.uint64(field.row), np.uint64(RECORD), np.uint64(field.end)
    ways = ((col, row), (-col, row), (row, col), (-row, col))
    never = np.float32(np.inf)
    if open_from is not None:
        opened = np.int32(field.superpixels + RECORD * open_from)

    head, suspected = queue, 0
    while head < superpixels:
        p = np.uint64(words[head + NEXT])
        if p == end:
            head += RECORD
            continue
        before = words[p + STATE]
        mine = np.int32(before | 1)
        own = np.uint64(mine - 1)
        move(words, p, own)
        c0, c1, c2 = reals[own + C0], reals[own + C1], reals[own + C2]
        if update and before != mine:
            count = reals[own + TIME] + np.float32(1)
            share = np.float32(1) / count
            c0 += (reals[p + C0] - c0) * share
            c1 += (reals[p + C1] - c1) * share
            c2 += (reals[p + C2] - c2) * share
            reals[own + TIME] = count
            reals[own + C0], reals[own + C1], reals[own + C2] = c0, c1, c2
        words[p + STATE] = mine

        for step, across in ways:
            q = p + step
            before = words[q + STATE]
            if before & 1 and (open_from is None or before >= opened):
                continue
            a = reals[p + TIME]
            if words[q + step + STATE] == mine:
                a = min(a, reals[q + step + TIME])
            b1 = reals[q + across + TIME] if words[q + across + STATE] == mine else never
            b2 = reals[q - across + TIME] if words[q - across + STATE] == mine else never
            d0, d1, d2 = reals[q + C0] - c0, reals[q + C1] - c1, reals[q + C2] - c2
            distance = np.float32(d0 * d0 + d1 * d1 + d2 * d2)
            entry = np.int32((distance.view(np.int32) >> BITS) - TABLE_FROM)
            slowness = table[np.uint64(max(entry, np.int32(0)))]
            if penalty is not None:  # noqa: SIM102 (apart, numba drops it where there is none)
                if words[q + SEGMENT] != words[own + SEGMENT]:
                    slowness = min(slowness * penalty, SLOWEST)
            time = arrival(a, min(b1, b2), slowness)
            if time < reals[q + TIME]:
                reals[q + TIME] = time
                words[q + STATE] = mine ^ 1
                if open_from is not None and before & 1:
                    known[(np.uint64(before) - superpixels) // RECORD] = False
                move(words, q, max(queue + bucket(time) * RECORD, head))
            elif open_from is not None and before & 1:
                suspects[suspected] = q
                suspected += 1
    return suspected


@njit(cache=True)
def plant(field, pixel, k):  # type: ignore[no-untyped-def]
    """Front ``k`` waits at ``pixel`` with arrival time 0 and the pixel's colour."""
    words, reals = field.words, field.reals
    own = field.superpixels + RECORD * k
    if words[pixel + STATE] != UNREACHED:
        forget(field, words[pixel + STATE])
    words[pixel + STATE], reals[pixel + TIME] = own, 0
    reals[own + TIME], words[own + STATE] = 1, 0
    for word in (C0, C1, C2):
        reals[own + word] = reals[pixel + word]
    words[own + SEGMENT] = words[pixel + SEGMENT]
    forget(field, own)
    move(words, pixel, field.queue)


@njit(cache=True)
def forget(field, state):  # type: ignore[no-untyped-def]
    """Nothing is known any more of when the front of a pixel in ``state`` arrives last."""
    k = (state - field.superpixels) // RECORD
    field.lateness[k] = np.inf
    field.known[k] = False


@njit(cache=True)
def latest(lateness, field, inner):  # type: ignore[no-untyped-def]
    """The superpixel whose ``place`` is reached last.

    One that only lost pixels since it was looked up arrives no later than it did, and need not be
    looked up again as long as others come after it.
    """
    while True:
        k = np.argmax(lateness)
        if field.known[k]:
            return k
        look_up_latest(field, k, inner)


@njit(cache=True, error_model="numpy")
def look_up_latest(field, k, inner):  # type: ignore[no-untyped-def]
    """Finds ``place``: the latest pixel of ``k`` off its border, all ``inner`` offsets its own.

    A superpixel without such a pixel comes after all that have one, by its latest pixel; one that
    is nothing but its seed has lateness -∞. Those settled last come first, by bucket, but for some
    at the front: past those, a row of earlier ones is followed by no later one.
    """
    words, reals, place = field.words, field.reals, field.place
    head, end = np.uint64(field.superpixels + RECORD * k), np.uint64(field.end)
    own = np.int32(head + np.uint64(1))
    late = late_inner = np.float32(0)
    earlier, unordered = 0, words[head + STATE]
    p = np.uint64(words[head + NEXT])
    while p != end:
        time = reals[p + TIME]
        earlier = earlier + 1 if time < np.float32(0.98) * late_inner else 0
        unordered -= 1
        if earlier >= 16 and unordered < 0:
            break
        if time > late_inner:
            if is_inner(words, p, own, inner):
                late_inner = time
                place[k] = p
            elif late_inner == 0 and time > late:
                late = time
                place[k] = p
        p = np.uint64(words[p + NEXT])
    without = -1 / late if late > 0 else -np.inf
    field.lateness[k] = late_inner if late_inner > 0 else without
    field.known[k] = True


@njit(inline="always")
def is_inner(words, pixel, own, offsets):  # type: ignore[no-untyped-def]
    """Whether every pixel at ``offsets`` from ``pixel`` is its superpixel's or off the picture."""
    for offset in offsets:
        other = words[pixel + offset + STATE]
        if other != own and other != OUTSIDE:
            return False
    return True


@njit(cache=True)
def free_orphans(field, first, suspects, suspected):  # type: ignore[no-untyped-def]
    """Unsettles pixels from which no path of falling times leads to their seed, and returns them.

    All was well but for what fronts from ``first`` up have taken beside ``suspects``. The settled
    pixels around orphans are put back into the queue, so that marching fills the gaps.
    """
    orphans = np.empty(field.pixels, np.int32)
    words, reals, around = field.words, field.reals, (-8, 8, -field.row, field.row)
    old = field.superpixels + RECORD * first
    found = 0
    while suspected:
        suspected -= 1
        p = suspects[suspected]
        own, led = words[p + STATE], reals[p + TIME] == 0
        for step in around:
            earlier = reals[p + step + TIME] < reals[p + TIME]
            led |= earlier and words[p + step + STATE] == own
        if led or own == UNREACHED or own >= old:
            continue
        words[p + STATE] = UNREACHED
        reals[p + TIME] = np.inf
        field.known[(own - field.superpixels) // RECORD] = False
        orphans[found] = p
        found += 1
        for step in around:
            suspects[suspected] = p + step
            suspected += 1
    for orphan in orphans[:found]:
        for step in around:
            p = orphan + step
            own = words[p + STATE]
            if own & 1 and own != OUTSIDE:
                forget(field, own)
                words[own - 1 + STATE] += 1
                move(words, p, field.queue + RECORD * np.int64(bucket(reals[p + TIME])))
    return orphans[:found]
