"""What a run's record says of how it was made."""

import sys

import pytest

from run_record import circumstances


def test_the_command_can_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["training/evaluate_translation.py", "--set-name", "film dialogue, English"])
    assert circumstances()["command"] == "evaluate_translation.py --set-name 'film dialogue, English'"
