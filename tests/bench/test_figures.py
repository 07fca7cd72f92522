"""The suite's own arithmetic: a benchmark that computes wrongly would be worse than none."""

from __future__ import annotations

import pytest

from tests.bench.figures import Estimate, at_least, at_most, differences, estimate, in_turn, quantile, ratios


def test_an_estimate_is_the_median_with_an_interval_around_it():
    found = estimate([1.0, 2.0, 3.0, 4.0, 100.0])

    assert found.middle == 3.0
    assert 1.0 <= found.low <= 3.0 <= found.high <= 100.0


def test_the_interval_narrows_with_more_rounds():
    few, many = estimate([1.0, 2.0, 3.0] * 2), estimate([1.0, 2.0, 3.0] * 50)

    assert many.high - many.low < few.high - few.low


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    import random

    chance = random.Random(1)
    samples = [estimate([chance.gauss(10, 1) for _ in range(14)]) for _ in range(60)]
    covered = sum(found.low <= 10 <= found.high for found in samples)

    assert 0.75 * len(samples) <= covered <= len(samples)


def test_the_same_figures_give_the_same_interval():
    assert estimate([5.0, 1.0, 4.0]) == estimate([5.0, 1.0, 4.0])


def test_ratios_are_taken_round_by_round():
    """The noise of a round hits both sides, and is gone from their ratio."""
    assert ratios([10.0, 100.0, 1000.0], [20.0, 200.0, 2000.0]) == Estimate(0.5, 0.5, 0.5)


def test_differences_are_taken_round_by_round():
    assert differences([11.0, 101.0], [10.0, 100.0]) == Estimate(1.0, 1.0, 1.0)


def test_sides_of_different_length_cannot_be_compared():
    with pytest.raises(ValueError, match="longer"):
        ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("share", "found"), [(0.5, 50), (0.99, 99), (0.999, 100), (0.0, 1), (1.0, 100)]
)  # nearest rank: a value that was measured, never one in between
def test_a_quantile_is_a_value_that_was_measured(share, found):
    assert quantile(range(100, 0, -1), share) == found


def test_there_is_no_quantile_of_nothing():
    with pytest.raises(IndexError):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("goal", "found", "verdict"),
    [
        (at_least(0.85), Estimate(0.85, 0.80, 0.90), "yes"),
        (at_least(0.85), Estimate(0.84, 0.80, 0.86), "no, within noise"),
        (at_least(0.85), Estimate(0.80, 0.78, 0.84), "no"),
        (at_most(10), Estimate(10, 9, 12), "yes"),
        (at_most(10), Estimate(11, 9, 12), "no, within noise"),
        (at_most(10), Estimate(12, 11, 13), "no"),
    ],
)
def test_a_goal_is_judged_by_the_median_and_a_miss_by_its_interval(goal, found, verdict):
    assert goal.verdict(found) == verdict


def test_goals_and_figures_are_shown_with_their_units():
    assert at_least(35_000, " µs").text() == "≥ 35,000 µs"
    assert Estimate(1234.567, 1000, 2000).text(1) == "1,234.6 [1,000.0, 2,000.0]"


def test_every_measure_is_taken_once_per_round_in_changing_order():
    order: list[str] = []
    measures = {name: lambda name=name: order.append(name) for name in "abcd"}
    found = in_turn(measures, 20)

    rounds = [tuple(order[begin : begin + 4]) for begin in range(0, len(order), 4)]
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys("abcd", 20)
    assert all(sorted(each) == list("abcd") for each in rounds)
    assert len(set(rounds)) > 5
