"""Teaches a translator when not to be believed: on held-out sentences, and on what is no sentence at all.

A translation counts as good where its chrF against the reference reaches `GOOD_CHRF`. A logistic regression on the
signs of `najva.translation.confidence` learns to tell; the threshold below which a translation is called rough is the
one that balances the two errors, told by five-fold cross-validation on sentences that it was not fitted on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from najva.translation.confidence import NAMES, Confidence, Signs
from najva.translation.engine import Attempt
from najva.translation.sequence_to_sequence import FAMILIES, signs_of_written, text_of
from najva.translation.text_networks import Loaded
from translation.parallel_text import Pair

# In points of 100. Of two human translations of one sentence into Chinese it is seldom less.
GOOD_CHRF = 20.0
_FOLDS = 5
_NONSENSE_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Calibration:
    """What came out.

    Attributes:
        confidence: to be kept beside the weights.
        sentences: that it was fitted on, and how many of them were good.
        separation: area under the ROC curve of good against bad, on sentences it was not fitted on.
        good_kept, bad_kept: share of the good and of the bad translations that are not called rough.
    """

    confidence: Confidence
    sentences: int
    good: int
    separation: float
    good_kept: float
    bad_kept: float

    def as_dict(self) -> dict:
        """Return the figures of a run's record."""
        return {
            "sentences": self.sentences,
            "good": self.good,
            "good_chrf": GOOD_CHRF,
            "separation": round(self.separation, 4),
            "threshold": round(self.confidence.threshold, 4),
            "good_kept": round(self.good_kept, 4),
            "bad_kept": round(self.bad_kept, 4),
        }


def calibrate(translator: Loaded, pairs: Sequence[Pair], seed: int = 0) -> Calibration:
    """Fit the judge of a translator.

    Args:
        translator: loaded as the app loads it.
        pairs: held out, of every domain and language that it is for.
        seed: of the nonsense and the folds.

    Raises:
        ValueError: all translations are good, or all are bad.
    """
    from sacrebleu.metrics import CHRF
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score, roc_curve
    from sklearn.model_selection import cross_val_predict

    signs, texts = translated_signs(translator, [(pair.source, pair.language) for pair in pairs])
    chrf = CHRF()
    scores = [chrf.sentence_score(text, [pair.target]).score for text, pair in zip(texts, pairs, strict=True)]
    nonsense, _ = translated_signs(translator, [(text, "en") for text in made_nonsense(len(pairs) // 5, seed)])
    labels = np.array([*(score >= GOOD_CHRF for score in scores), *[False] * len(nonsense)])
    if labels.all() or not labels.any():
        raise ValueError("Every held-out translation is as good as every other: there is nothing to learn from.")
    values = np.array([[getattr(one, name) for name in NAMES] for one in (*signs, *nonsense)])
    means, scales = values.mean(0), values.std(0) + 1e-6
    blank = Confidence(tuple(means), tuple(scales), (0.0,) * (len(NAMES) + 1), 0.0, 0.5)
    features = np.array([blank.features(one) for one in (*signs, *nonsense)])
    model = LogisticRegression(C=1.0, max_iter=1000)
    order = np.random.default_rng(seed).permutation(len(labels))
    apart = np.empty(len(labels))
    apart[order] = cross_val_predict(model, features[order], labels[order], cv=_FOLDS, method="predict_proba")[:, 1]
    bad_kept, good_kept, thresholds = roc_curve(labels, apart)
    best = int(np.argmax(good_kept - bad_kept))
    model.fit(features, labels)
    fitted = Confidence(
        *(tuple(map(float, row)) for row in (means, scales, model.coef_[0])),
        bias=float(model.intercept_[0]),
        threshold=float(min(thresholds[best], 1.0)),
    )
    return Calibration(
        fitted,
        len(labels),
        int(labels.sum()),
        float(roc_auc_score(labels, apart)),
        float(good_kept[best]),
        float(bad_kept[best]),
    )


def translated_signs(translator: Loaded, sources: Sequence[tuple[str, str]]) -> tuple[list[Signs], list[str]]:
    """Return the signs of each source's translation, and the translations.

    Args:
        translator: see `calibrate`.
        sources: text and language of each.
    """
    tokenizer = translator.tokenizer
    numbers = [FAMILIES["marian"].encode(tokenizer, text, language, "zh-Hans") for text, language in sources]
    written = translator.network.write(numbers, [], Attempt(beam_size=4), 256)
    signs = [signs_of_written(tokenizer, source, one) for source, one in zip(numbers, written, strict=True)]
    return signs, [text_of(tokenizer, one) for one in written]


def made_nonsense(count: int, seed: int) -> list[str]:
    """Return rows of made-up words, which nobody can translate."""
    chance = random.Random(seed)

    def word() -> str:
        return "".join(chance.choices(_NONSENSE_LETTERS, k=chance.randint(2, 9)))

    return [" ".join(word() for _ in range(chance.randint(2, 14))) + "." for _ in range(count)]
