"""Trains the probe that hears Persian on the packaged Whisper base, for `space/embedded/persian-check`.

    python training/train_language_probe.py --data runs/embedded/data/spoken runs/embedded/data/neural

Plain Whisper base takes much Persian for another language. The probe (`najva.transcriber.language_probe`) is a logistic
regression on what the base's encoder says of a stretch of speech. Persian is the training side of data folders, such as
`embed_persian.py` makes; everything else are the sentences of `foreign_sentences.csv`, by espeak-ng. Half of all clips
are cut to a piece as short as live speech, and rooms, noise, narrow bands and levels laid over them.

The threshold is set where one foreign clip in a hundred is taken for Persian, of clips whose voice and whose sentence
the probe did not learn from. It takes a quarter of an hour on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from linear_probe import classifier, weights_and_bias
from najva import audio
from najva.services import PERSIAN_PROBE, Services
from najva.settings import Settings
from najva.transcriber import Transcriber
from najva.transcriber.behaviour import Behaviour
from najva.transcriber.language_probe import LanguageProbe
from najva.vad import SAMPLE_RATE_HZ
from options import option, required, run_command
from sheets.faults import DataError
from sheets.speech_data import Clip, SpeechData, load_speech
from synthesis.many_languages import SENTENCES, read_sentences, spoken
from synthesis.synthetic_speech import engine_version
from tuning.augmentation import augmentation
from whole_files import whole_file, write_json

LANGUAGE = "fa"
# The tests' voices are others (`tests/benchmarks/languages.py`).
VARIANTS = ("f3", "m2", "klatt", "Andy", "m4", "f1", "m6", "whisper")
PACES = (110, 190)  # words a minute
# In a file with longer spans a short one stands in a long window.
MARGINS_SECONDS = (2.0, 6.0, 15.0)
PIECE_SECONDS = (1.5, 4.0)
FOLDS = 4
NEVER = -1e3  # lower than any score
# scikit-learn's C. The features are many and alike; ten times as much finds two Persian clips in a hundred more, and
# hears Persian in more pieces of people's English.
REGULARISATION = 0.001
LEAST_PROBABILITY = 0.002  # see `LanguageProbe`


@dataclass(frozen=True)
class ProbeOptions:
    """What the probe learns from."""

    data: list[str] = required("data folders, or OWNER/NAME, of Persian; their training clips are used")
    clips: int = option(400, "of each data folder")
    foreign: Path = option(SENTENCES, "csv of foreign sentences: language, text")
    voices: int = option(len(VARIANTS), "of espeak-ng for each foreign sentence")
    false_claims: float = option(0.01, "share of foreign clips that may be taken for Persian; sets the threshold")
    seed: int = option(0, "of choice, pieces, noise and rooms")
    output: Path = option(PERSIAN_PROBE, "file to write; run.json goes beside it")


@dataclass(frozen=True)
class Sample:
    """A clip to learn from; `sentence` and `voice` are held out together."""

    language: str
    sentence: str
    voice: str
    is_named: bool
    waveform: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Heard:
    """What the base's encoder made of the samples' spans.

    Attributes:
        features: float32 (spans, features), see `najva.transcriber.language_probe`.
        is_persian: bool (spans,).
        newly: bool (spans,): foreign, and not taken for Persian by the base itself.
        possible: bool (spans,): the base does not rule Persian out.
        languages, sentences, voices: of each span, (spans,).
        is_named: bool (spans,): the voice is known.
    """

    features: np.ndarray
    is_persian: np.ndarray
    newly: np.ndarray
    possible: np.ndarray
    languages: np.ndarray
    sentences: np.ndarray
    voices: np.ndarray
    is_named: np.ndarray


def main(arguments: list[str] | None = None) -> int:
    """Train and write; see the module's docstring."""

    def work(options: ProbeOptions) -> dict | None:
        return train(options)["held_out"]

    return run_command(ProbeOptions, work, __doc__, arguments, refusal="Not made: ")


def train(options: ProbeOptions) -> dict:
    """Train a probe, write it and return its record.

    Raises:
        DataError: a data folder cannot be used, or a sentence is missing.
        SynthesisError: espeak-ng cannot speak.
        ModelError: the packaged base cannot be had.
    """
    generator = np.random.default_rng(options.seed)
    loaded = [load_speech(reference) for reference in options.data]
    samples = [*persian_samples(loaded, options.clips, generator), *foreign_samples(options, generator)]
    services = Services(Settings(models="offline"))
    base = services.transcriber.base
    silence = base.engine.encode([np.zeros(SAMPLE_RATE_HZ, np.float32)], 2.0)
    codes = tuple(sorted(silence.language_probabilities()[0]))
    heard = listen(services.transcriber, samples, codes, options.seed)
    scores = held_out_scores(heard)
    threshold = float(np.quantile(scores[heard.newly], 1 - options.false_claims))
    if threshold <= NEVER:
        raise DataError(
            f"The base rules Persian out of nearly all of {options.foreign.name}: that says nothing of a threshold."
        )
    final = classifier(REGULARISATION).fit(heard.features, heard.is_persian)
    record = {
        "base": base.reference,
        "compute_type": base.engine.compute_type,
        "espeak_ng": engine_version(),
        "data": [{"name": data.name, "split_sha256": data.split_sha256} for data in loaded],
        "settings": {name: getattr(options, name) for name in ("clips", "voices", "false_claims", "seed")},
        "regularisation": REGULARISATION,
        "least_probability": LEAST_PROBABILITY,
        "clips": {
            "persian": sum(one.language == LANGUAGE for one in samples),
            "foreign": sum(one.language != LANGUAGE for one in samples),
        },
        "languages": sorted({one.language for one in samples}),
        "held_out": {
            "voices_and_sentences": shares(scores > threshold, heard),
            "foreign_languages": held_out_languages(heard, threshold),
        },
    }
    with whole_file(options.output) as unfinished:
        probe_of(final, threshold, codes, record).save(unfinished)
    write_json(options.output.with_name("run.json"), record)
    return record


def persian_samples(loaded: Sequence[SpeechData], count: int, generator: np.random.Generator) -> Iterator[Sample]:
    """Yield so many clips of the training side of every data folder."""
    for data in loaded:
        clips = data.clips("train")
        for index in sorted(generator.permutation(len(clips))[:count]):
            clip = clips[index]
            yield Sample(LANGUAGE, clip.text, clip.speaker or clip.group, bool(clip.speaker), _reader(clip))


def _reader(clip: Clip) -> Callable[[], np.ndarray]:
    return lambda: audio.read(clip.path, sample_rate_hz=SAMPLE_RATE_HZ)[0]


def foreign_samples(options: ProbeOptions, generator: np.random.Generator) -> Iterator[Sample]:
    """Yield every foreign sentence in several voices."""
    for language, text in read_sentences(options.foreign):
        if language == LANGUAGE:
            raise DataError(f"{options.foreign.name} holds Persian, which is not foreign here: {text}")
        for variant in generator.permutation(VARIANTS)[: options.voices]:
            pace = int(generator.integers(*PACES))
            yield Sample(
                language, text, str(variant), True, partial(spoken, text, language, str(variant), pace, SAMPLE_RATE_HZ)
            )


def listen(transcriber: Transcriber, samples: Sequence[Sample], codes: Sequence[str], seed: int) -> Heard:
    """Let the base's encoder hear every sample, as the app would; one in which nobody speaks is left out."""
    change = augmentation("room,noise,band,level")
    listeners = [
        Transcriber(transcriber.base, transcriber.detector, behaviour=Behaviour(margin_seconds=margin))
        for margin in MARGINS_SECONDS
    ]

    def hear(number: int) -> np.ndarray:
        # Of its own, so that the order in which threads come does not matter.
        generator = np.random.default_rng([seed, number])
        waveform = change(_piece(samples[number].waveform(), generator), generator)
        return listeners[generator.integers(len(listeners))].speech_features([waveform], codes)[0]

    with ThreadPoolExecutor(transcriber.base.engine.workers) as pool:
        found = [*tqdm(pool.map(hear, range(len(samples))), total=len(samples), unit="clip", desc="listening")]
    spans = [(sample, one) for sample, features in zip(samples, found, strict=True) for one in features]
    features = np.array([one for _, one in spans])
    languages = np.array([sample.language for sample, _ in spans])
    # The base's opinions stand last; its choice is the largest.
    opinions = features[:, -len(codes) :]
    chosen = np.array(codes)[opinions.argmax(1)]
    return Heard(
        features,
        languages == LANGUAGE,
        (languages != LANGUAGE) & (chosen != LANGUAGE),
        opinions[:, codes.index(LANGUAGE)] >= np.log(LEAST_PROBABILITY),
        languages,
        np.array([sample.sentence for sample, _ in spans]),
        np.array([sample.voice for sample, _ in spans]),
        np.array([sample.is_named for sample, _ in spans]),
    )


def _piece(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return half of the clips as they are, and a short piece of the others."""
    length = round(generator.uniform(*PIECE_SECONDS) * SAMPLE_RATE_HZ)
    if generator.random() < 0.5 or waveform.size <= length:
        return waveform
    start = int(generator.integers(waveform.size - length))
    return waveform[start : start + length]


def held_out_scores(heard: Heard) -> np.ndarray:
    """Return each span's score by a probe that learned from neither its voice nor its sentence, (spans,).

    `NEVER` where the base rules Persian out.
    """
    voice, sentence = _folds(heard.voices), _folds(heard.sentences)
    scores = np.full(len(heard.features), NEVER)
    for one, other in tqdm([*product(range(FOLDS), repeat=2)], unit="fold", desc="held-out voices"):
        tested, learned = (voice == one) & (sentence == other), (voice != one) & (sentence != other)
        if len({*heard.is_persian[learned]}) == 1:
            raise DataError("There are too few voices or sentences to hold some out; give more --data or --foreign.")
        if tested.any():
            fitted = classifier(REGULARISATION).fit(heard.features[learned], heard.is_persian[learned])
            scores[tested] = fitted.decision_function(heard.features[tested])
    return np.where(heard.possible, scores, NEVER)


def _folds(names: np.ndarray) -> np.ndarray:
    """Return a fold for each name, the same for the same, (spans,)."""
    return np.unique(names, return_inverse=True)[1] % FOLDS


def held_out_languages(heard: Heard, threshold: float) -> dict[str, dict]:
    """Return how many spans of each foreign language are claimed by a probe that never heard that language."""
    claimed = {}
    for language in tqdm(sorted({*heard.languages} - {LANGUAGE}), unit="language", desc="held-out languages"):
        tested = heard.newly & (heard.languages == language)
        learned = heard.languages != language
        if not tested.any():
            claimed[language] = {"spans": 0, "claimed": 0}
            continue
        fitted = classifier(REGULARISATION).fit(heard.features[learned], heard.is_persian[learned])
        taken = (fitted.decision_function(heard.features[tested]) > threshold) & heard.possible[tested]
        claimed[language] = {"spans": int(tested.sum()), "claimed": int(taken.sum())}
    return claimed


def shares(claimed: np.ndarray, heard: Heard) -> dict[str, float]:
    """Return which share is claimed of Persian spans by a named speaker, and of foreign ones newly."""
    return {
        # A clip without a speaker counts as a voice of its own, though it may be one that others have.
        "persian_of_named_speakers": round(float(claimed[heard.is_persian & heard.is_named].mean()), 4),
        "foreign_newly": round(float(claimed[heard.newly].mean()), 4),
    }


def probe_of(fitted: Pipeline, threshold: float, codes: Sequence[str], origin: dict) -> LanguageProbe:
    """Return a trained classifier as a probe, its threshold at 0."""
    weights, bias = weights_and_bias(fitted)
    return LanguageProbe(
        LANGUAGE, tuple(codes), weights.astype(np.float32), bias - threshold, LEAST_PROBABILITY, origin
    )


if __name__ == "__main__":
    sys.exit(main())
