from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglab.data.splits import grouped_split, seeded_split

NAMES = [f"picture{i}" for i in range(80)]


def test_seeded_shares_are_those_of_the_study() -> None:
    assert Counter(seeded_split(NAMES).values()) == {"train": 50, "val": 10, "test": 20}


def test_a_seeded_split_depends_on_the_seed_and_not_on_the_order() -> None:
    assert seeded_split(NAMES, 3) == seeded_split(NAMES[::-1], 3)
    assert seeded_split(NAMES, 3) != seeded_split(NAMES, 4)


@given(count=st.integers(0, 50), seed=st.integers(0, 5))
def test_a_seeded_split_gives_every_name_one_part(count: int, seed: int) -> None:
    sizes = Counter(seeded_split(NAMES[:count], seed).values())
    assert sizes.total() == count
    assert abs(sizes["train"] - 0.625 * count) <= 0.5
    assert abs(sizes["test"] - 0.25 * count) <= 0.5


@given(
    groups=st.dictionaries(st.sampled_from(NAMES), st.sampled_from("abcdefgh")),
    sizes=st.tuples(*[st.integers(0, 40)] * 3),
)
def test_a_group_lies_in_one_part(groups: dict[str, str], sizes: tuple[int, int, int]) -> None:
    part_of = grouped_split(groups, sizes)
    assert part_of.keys() == groups.keys()
    for group in set(groups.values()):
        assert len({part_of[name] for name, its in groups.items() if its == group}) == 1


def test_a_grouped_split_depends_on_neither_order_nor_run() -> None:
    groups = {name: name[-1] for name in NAMES}
    turned = dict(reversed(groups.items()))
    assert grouped_split(groups, (50, 10, 20)) == grouped_split(turned, (50, 10, 20))


@pytest.mark.parametrize("sizes", [(4, 2, 2), (8, 4, 4)])
def test_the_largest_group_goes_where_most_room_is(sizes: tuple[int, int, int]) -> None:
    groups = dict(zip("abcdefgh", "xxxxyyzz", strict=True))
    part_of = grouped_split(groups, sizes)
    assert [part_of[name] for name in "aeg"] == [
        "train",
        *(("val", "test") if sizes[0] == 4 else ("train", "val")),
    ]
