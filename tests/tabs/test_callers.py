"""Whatever goes wrong with a call is told in one sentence, and the log has nothing of the visitor in it."""

import errno
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from tabs.callers import DISK_FULL, answer, faults_in_words, is_disk_full
from tests.running_app import ROOT, own_app, wait_until

ENGLISH = ROOT / "space" / "examples" / "English-synthetic.mp3"
SECRET = "what the visitor said"


def test_what_nobody_expected_is_a_sentence_and_a_line_without_what_it_quotes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as told, faults_in_words():
        raise LookupError(SECRET)
    assert "its fault and not yours" in told.value.message and not told.value.print_exception
    assert "LookupError at test_callers.py:" in caplog.text and SECRET not in caplog.text
    # Whoever raises it again prints nothing of it either.
    assert told.value.__suppress_context__


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_has_its_own_sentence(number: int) -> None:
    with pytest.raises(gr.Error) as told, faults_in_words():
        raise OSError(number, SECRET)
    assert told.value.message == DISK_FULL
    assert not is_disk_full(OSError(errno.ENOENT, SECRET)) and not is_disk_full(ValueError(SECRET))


def test_refusals_pass_as_they_are() -> None:
    for error in (gr.Error(SECRET), httpx.ReadTimeout):
        with pytest.raises(gr.Error, match=SECRET if isinstance(error, gr.Error) else "fault"), faults_in_words():
            raise error


def test_the_last_step_is_the_answer_and_the_steps_are_closed() -> None:
    closed = []

    def steps() -> Iterator[int]:
        try:
            yield from (1, 2, 3)
        finally:
            closed.append(True)

    with gr.Blocks() as page:
        pass
    page.queue()
    assert answer(page, steps()) == 3
    assert closed == [True]


@pytest.mark.slow
def test_a_model_that_hangs_is_given_up_and_the_next_call_works(cache: Path, tmp_path: Path) -> None:
    flag, mine = tmp_path / "hanging", Path(shutil.copy(ENGLISH, tmp_path / "mine.mp3"))
    settings = {"NAJVA_TEST_HANG": str(flag), "NAJVA_MAX_STALL_SECONDS": "10", "NAJVA_MAX_VISITORS": "1"}
    with own_app(cache, tmp_path, "tests/benchmarks/hanging_app.py", **settings) as app, app.keeping_quiet():
        client, call = app.client(), {"audio": handle_file(str(mine)), "api_name": "/transcribe"}
        client.predict(**call)
        flag.touch()
        for _ in range(2):
            # The second has the one place that the first left.
            with pytest.raises(AppError, match="The model made no progress for 10 seconds, so this was given up"):
                client.predict(**call)
        flag.unlink()
        assert "train to the city" in client.predict(**call)["text"]
        wait_until(lambda: not app.uploads, 10, lambda: app.uploads)
