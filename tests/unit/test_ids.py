from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ids import ALPHABET, LENGTH, Ids, first_id, new_id


def test_an_id_is_thirteen_plain_characters():
    made = new_id()

    assert len(made) == LENGTH == 13
    assert set(made) <= set(ALPHABET)


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=4e9), min_size=2))
def test_ids_only_grow_whatever_the_clock_does(times):
    clock = iter(times)
    ids = Ids(clock=lambda: next(clock))

    made = [ids() for _ in times]

    assert made == sorted(set(made))


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0, max_value=4e9))
def test_later_ids_are_greater_as_text(one, other):
    earlier, later = sorted([one, other])

    assert first_id(earlier) <= Ids(clock=lambda: earlier)()
    assert int(earlier * 1000) == int(later * 1000) or Ids(clock=lambda: earlier)() < first_id(later)


def test_threads_never_get_the_same_id():
    ids = Ids()
    with ThreadPoolExecutor(8) as pool:
        made = [each for batch in pool.map(lambda _: [ids() for _ in range(500)], range(8)) for each in batch]

    assert len(set(made)) == len(made)


def test_two_processes_start_a_millisecond_differently():
    made = {Ids(clock=lambda: 1.0)() for _ in range(50)}

    assert len(made) > 45


def test_a_used_up_counter_borrows_from_the_next_millisecond():
    ids = Ids(clock=lambda: 1.0)
    ids._last = (1000 << 20) | (2**20 - 1)

    assert ids() == first_id(1.0015)
