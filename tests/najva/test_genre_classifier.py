"""A recording's genre, stretch by stretch: what the whole would get, in constant memory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from najva.genre_classifier import GenreAnswer, GenreClassifier
from najva.genre_networks import GenreConfig, GenreNetwork, segment_starts

LABELS = ["blues", "jazz", "rock"]


def classifier(architecture: str, **more: object) -> GenreClassifier:
    torch.manual_seed(1)
    network = GenreNetwork(GenreConfig(architecture, LABELS, pooling="mean", **more))
    return GenreClassifier(network, "folder")


def blocks(waveform: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(waveform), size):
        yield waveform[start : start + size]


def sound(seconds: float, rate_hz: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(int(seconds * rate_hz))).astype(np.float32)


def last(answers: Iterator[GenreAnswer]) -> GenreAnswer:
    *_, answer = answers
    return answer


@pytest.mark.parametrize(
    ("architecture", "segment_seconds"), [("cnn", 3.0), ("lstm", 7.0), ("whisper_bilstm", 3.0), ("whisper_bilstm", 7.0)]
)
@pytest.mark.parametrize("seconds", [0.2, 2.0, 30.4, 32.1, 70.0])
def test_stretch_by_stretch_it_is_the_whole(architecture: str, segment_seconds: float, seconds: float) -> None:
    ours = classifier(architecture, segment_seconds=segment_seconds)
    waveform = sound(seconds, ours.sample_rate_hz)
    answer = last(ours.classify(blocks(waveform, 50_001)))
    frames = ours.network.features(torch.from_numpy(waveform)[None])[0]
    theirs = ours.network.segment_probabilities(frames)
    assert len(answer.pieces) == len(segment_starts(len(frames), ours.network.segment_frames)) == len(theirs)
    found = np.array([list(piece.scores.values()) for piece in answer.pieces])
    assert np.abs(found - theirs.numpy()).max() < 1e-4
    assert answer.finished and answer.seconds == pytest.approx(seconds, abs=1e-3)
    assert sum(answer.scores.values()) == pytest.approx(1, abs=1e-4)
    ends = [piece.end for piece in answer.pieces]
    assert [piece.start for piece in answer.pieces] == [0, *ends[:-1]] and ends == sorted(ends)


def test_it_answers_while_it_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = classifier("cnn", segment_seconds=3.0)
    longest = 0
    features = ours.network.features

    def counted(waveforms: torch.Tensor) -> torch.Tensor:
        nonlocal longest
        longest = max(longest, waveforms.shape[1])
        return features(waveforms)

    monkeypatch.setattr(ours.network, "features", counted)
    second = sound(1.0, ours.sample_rate_hz)
    answers = list(ours.classify(second for _ in range(200)))
    assert len(answers) > 5 and [len(answer.pieces) for answer in answers] == sorted(len(a.pieces) for a in answers)
    # However long a recording is, a stretch of it is held.
    assert longest < 35 * ours.sample_rate_hz


_PEAK_OF_A_FILE = """
import sys
from najva.services import Services
from najva.settings import Settings
from tests.memory import peak_mib
*_, answer = Services(Settings(models="offline", genre_models=sys.argv[1])).classify_genre(sys.argv[2])
print(round(answer.seconds), peak_mib())
"""


@pytest.mark.slow
def test_three_hours_take_no_more_memory_than_five_minutes(tmp_path: Path) -> None:
    network = classifier("cnn", segment_seconds=3.0).network
    network.save_pretrained(tmp_path / "cnn")
    peaks = {}
    for minutes in (5, 180):
        path = tmp_path / "long.wav"
        minute = sound(60, 8000)
        with soundfile.SoundFile(path, "w", 8000, 1, subtype="PCM_U8") as file:
            for _ in range(minutes):
                file.write(minute)
        command = [sys.executable, "-c", _PEAK_OF_A_FILE, str(tmp_path / "cnn"), str(path)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr[-2000:]
        seconds, peaks[minutes] = map(int, done.stdout.split()[-2:])
        assert seconds == 60 * minutes
    # The samples alone would be 950 MB; the answer itself grows by its 3,600 pieces.
    assert peaks[180] < peaks[5] + 150, peaks


@pytest.mark.parametrize(
    ("waveform", "least", "decision"),
    [
        (np.zeros(0, np.float32), 0.0, "no_music"),
        (np.zeros(5 * 22050, np.float32), 0.0, "no_music"),
        (sound(5, 22050), 0.0, "genre"),
        (sound(5, 22050), 0.99, "unsure"),
    ],
    ids=["nothing", "silence", "sure", "unsure"],
)
def test_it_says_when_it_does_not_know(waveform: np.ndarray, least: float, decision: str) -> None:
    answer = last(classifier("cnn", segment_seconds=3.0, least_confidence=least).classify([waveform])).as_dict()
    assert answer["decision"] == decision
    assert (answer["genre"] in LABELS) == (decision == "genre")
    assert set(answer) == {"genre", "scores", "timeline", "decision", "model"}
    assert set(answer["scores"]) == set(LABELS)
    assert all(value == 0 for value in answer["scores"].values()) == (decision == "no_music")
    assert bool(answer["timeline"]) == (decision != "no_music")


def test_pieces_that_are_no_music_count_for_nothing() -> None:
    """A probe that hears loudness alone: music is what is loud."""
    ours = classifier("cnn", segment_seconds=3.0)
    ours.network.music_weights[0] = 1.0  # the mean of the first coefficient
    loud, soft = sound(30, 22050), 1e-3 * sound(30, 22050)
    levels = [float(ours.network.features(torch.from_numpy(wave)[None])[0][:, 0].mean()) for wave in (loud, soft)]
    ours.network.music_bias.fill_(-sum(levels) / 2)
    alone = last(ours.classify([loud]))
    mostly = last(ours.classify(blocks(np.concatenate([loud, soft[: 20 * 22050]]), 40_000)))
    assert mostly.decision == "genre" and max(piece.end for piece in mostly.pieces) <= 30.1
    assert list(mostly.scores.values()) == pytest.approx(list(alone.scores.values()), abs=0.02)
    barely = last(ours.classify(blocks(np.concatenate([soft, loud[: 20 * 22050]]), 40_000))).as_dict()
    assert barely["decision"] == "no_music" and barely["genre"] is None and barely["timeline"]
    assert set(barely["scores"].values()) == {0.0}
