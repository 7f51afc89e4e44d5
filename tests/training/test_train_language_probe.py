"""The probe that hears Persian, made as a command."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import train_language_probe
from linear_probe import classifier
from najva.services import PERSIAN_PROBE
from najva.transcriber.language_probe import LanguageProbe
from sheets.speech_data import Clip, write_speech
from sheets.splits import draw_split
from synthesis.many_languages import spoken
from tests.training.made_sheets import SENTENCES
from train_language_probe import Heard, Sample, held_out_scores, probe_of


def write_sentences(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("language", "text"), *rows])
    return path


def made_features(spans: int = 240, width: int = 6) -> Heard:
    """Spans of which one number tells what is Persian, beside others that tell nothing."""
    generator = np.random.default_rng(0)
    features = generator.standard_normal((spans, width)).astype(np.float32)
    is_persian = features[:, 0] > 0
    numbers = np.arange(spans)
    return Heard(
        features,
        is_persian,
        ~is_persian,
        np.ones(spans, bool),
        np.where(is_persian, "fa", "en"),
        (numbers // 5).astype(str),
        (numbers % 8).astype(str),
        np.ones(spans, bool),
    )


def test_a_held_out_score_is_of_a_probe_that_knew_neither_voice_nor_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, learned = made_features(), []
    real = train_language_probe.classifier

    def spying(regularisation: float):
        made = real(regularisation)
        fit = made.fit
        made.fit = lambda features, wanted: (learned.append(features), fit(features, wanted))[1]
        return made

    monkeypatch.setattr(train_language_probe, "classifier", spying)
    scores = held_out_scores(heard)
    assert ((scores > 0) == heard.is_persian).mean() > 0.9
    ruled_out = replace(heard, possible=~heard.is_persian)
    assert (held_out_scores(ruled_out)[heard.is_persian] == train_language_probe.NEVER).all()
    del learned[16:]
    voice, sentence = (np.unique(names, return_inverse=True)[1] % 4 for names in (heard.voices, heard.sentences))
    expected = [(voice != one) & (sentence != other) for one in range(4) for other in range(4)]
    assert [len(features) for features in learned] == [mask.sum() for mask in expected]


def test_the_probes_weights_are_the_classifier_and_its_threshold() -> None:
    heard = made_features(width=2 * 2 + 3)
    fitted = classifier(train_language_probe.REGULARISATION).fit(heard.features, heard.is_persian)
    probe = probe_of(fitted, 0.7, ("ar", "en", "fa"), {})
    expected = fitted.decision_function(heard.features) - 0.7
    assert heard.features @ probe.weights + probe.bias == pytest.approx(expected, abs=1e-4)


def test_the_embedded_probe_states_what_it_learned_from() -> None:
    record = json.loads(PERSIAN_PROBE.with_name("run.json").read_text("utf-8"))
    assert LanguageProbe.load(PERSIAN_PROBE).origin == record
    with train_language_probe.SENTENCES.open(encoding="utf-8", newline="") as file:
        assert {row["language"] for row in csv.DictReader(file)} | {"fa"} == set(record["languages"])
    assert record["held_out"]["voices_and_sentences"]["foreign_newly"] < 0.015


@pytest.fixture
def spoken_data(tmp_path: Path) -> Path:
    """Persian sentences by espeak-ng, each by a voice of its own; 8 to train."""
    folder, clips = tmp_path / "spoken", []
    folder.mkdir()
    for number, text in enumerate(SENTENCES):
        waveform = spoken(text, "fa", ("f5", "m5", "Lee", "anika")[number % 4], 140, 16000)
        path = folder / f"{number}.wav"
        soundfile.write(path, waveform, 16000, subtype="PCM_16")
        seconds = waveform.size / 16000
        clips.append(Clip(path.name, path.name, text, seconds, 16000, f"{number:064x}", "", "", number + 2))
    write_speech(folder, clips, draw_split([[clip.id] for clip in clips]), {"name": "spoken", "speech": "synthetic"})
    return folder


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("en", "Good morning."), ("tr", "")], "Row 3 of foreign.csv"),
        ([("fa", "سلام")], "foreign.csv holds Persian"),
    ],
)
def test_a_sentence_that_cannot_be_used_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list, words: str
) -> None:
    sentences = write_sentences(tmp_path / "foreign.csv", rows)
    output = tmp_path / "made" / "probe.safetensors"
    arguments = ["--data", str(data), "--foreign", str(sentences), "--output", str(output)]
    assert train_language_probe.main(arguments) == 1
    assert words in capsys.readouterr().err and not output.parent.exists()


def test_data_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_language_probe.main(["--data", str(tmp_path), "--output", str(tmp_path / "made" / "probe")]) == 1
    assert "no data folder of prepare_transcripts.py" in capsys.readouterr().err


@pytest.mark.slow
def test_it_learns_from_what_is_spoken(
    spoken_data: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAJVA_CACHE", str(cache))
    foreign = [
        ("en", "The market opens every morning at eight."),
        ("tr", "Pazar her sabah sekizde açılır."),
        ("ar", "يفتح السوق كل صباح في الساعة الثامنة."),
        ("de", "Der Markt öffnet jeden Morgen um acht Uhr."),
    ]
    sentences = write_sentences(tmp_path / "foreign.csv", foreign)
    output = tmp_path / "made" / "probe.safetensors"
    arguments = ["--data", str(spoken_data), "--clips", "8", "--foreign", str(sentences), "--voices", "3"]
    assert train_language_probe.main([*arguments, "--output", str(output)]) == 0
    record = json.loads((output.parent / "run.json").read_text("utf-8"))
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == record["held_out"]
    assert record["clips"] == {"persian": 8, "foreign": 12} and record["languages"] == ["ar", "de", "en", "fa", "tr"]
    assert LanguageProbe.load(output).origin == record


def test_every_foreign_sentence_is_spoken_by_other_voices_than_the_tests(tmp_path: Path) -> None:
    options = train_language_probe.ProbeOptions(data=[], voices=3)
    samples: list[Sample] = [*train_language_probe.foreign_samples(options, np.random.default_rng(0))]
    with train_language_probe.SENTENCES.open(encoding="utf-8", newline="") as file:
        assert len(samples) == 3 * len([*csv.DictReader(file)])
    assert {sample.voice for sample in samples} == set(train_language_probe.VARIANTS)
    assert not {sample.voice for sample in samples} & {"f4", "john", "aunty", "rob", "michel"}
