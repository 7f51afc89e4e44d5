"""Waiting for a model only so long."""

import threading
import time
from collections.abc import Iterator

import pytest

from najva.patience import ModelHangs, patient, patient_steps


def test_steps_come_in_order_and_only_when_asked_for() -> None:
    made = []

    def steps() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    waited = patient_steps(steps(), 5)
    assert (next(waited), next(waited)) == (0, 1)
    assert made == [0, 1]
    assert [*waited] == [2, 3, 4]


def test_what_hangs_is_given_up_in_one_sentence_and_does_no_more() -> None:
    released, after = threading.Event(), []

    def steps() -> Iterator[int]:
        yield 1
        released.wait(20)
        after.append("the step that hung")
        yield 2
        after.append("more")

    waited = patient_steps(steps(), 0.2)
    assert next(waited) == 1
    began = time.monotonic()
    with pytest.raises(ModelHangs, match=r"no progress for 0\.2 seconds") as given_up:
        next(waited)
    assert time.monotonic() - began < 5
    assert "\n" not in str(given_up.value)
    released.set()
    for thread in threading.enumerate():
        if thread.name == "patient":
            thread.join(5)
    assert after == ["the step that hung"]


def test_closing_closes_in_the_same_thread_at_once() -> None:
    threads = []

    def steps() -> Iterator[int]:
        try:
            threads.append(threading.current_thread())
            yield 1
            yield 2
        finally:
            threads.append(threading.current_thread())

    waited = patient_steps(steps(), 5)
    next(waited)
    waited.close()
    assert len(threads) == 2 and threads[0] is threads[1]
    assert not threads[0].is_alive()


def test_errors_and_answers_are_handed_on() -> None:
    def fails() -> int:
        raise LookupError("of its own")

    with pytest.raises(LookupError, match="of its own"):
        patient(fails, 5)
    assert patient(lambda: 7, 5) == 7
