"""Teaches a translator when not to be believed: on held-out sentences, and on what is no sentence at all.

A translation counts as good where its chrF against the reference reaches `GOOD_CHRF`. A logistic regression on the
signs of `najva.translation.confidence` learns to tell, judged by five-fold cross-validation on sentences that it was
not fitted on. A translation is called rough below the threshold from which on `GOOD_SHARE` of held-out dialogue is
good. Against one reference many a right translation counts as bad, so more of what passes is right than that. To
balance the two errors would not do: good ones are so rare that most of what passed would be bad.
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
from translation.parallel_text import TALK, Pair

# In points of 100. Of two human translations of one sentence into Chinese it is seldom less.
GOOD_CHRF = 20.0
GOOD_SHARE = 0.5
_FOLDS = 5
_NONSENSE_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Calibration:
    """What came out.

    Attributes:
        confidence: to be kept beside the weights.
        sentences: that it was fitted on, and how many of them were good.
        separation: area under the ROC curve of good against bad, on sentences it was not fitted on; 0.5 where there
            was nothing to fit.
        good_kept, bad_kept: share of the good and of the bad translations that are not called rough.
        dialogue_kept: share of the held-out dialogue that is not called rough.
        dialogue_good: share of the good ones among those.
    """

    confidence: Confidence
    sentences: int
    good: int
    separation: float
    good_kept: float
    bad_kept: float
    dialogue_kept: float
    dialogue_good: float

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
            "dialogue_kept": round(self.dialogue_kept, 4),
            "dialogue_good": round(self.dialogue_good, 4),
        }


def calibrate(translator: Loaded, pairs: Sequence[Pair], seed: int = 0) -> Calibration:
    """Fit the judge of a translator.

    Args:
        translator: loaded as the app loads it.
        pairs: held out, of every domain and language that it is for.
        seed: of the nonsense and the folds.
    """
    from sacrebleu.metrics import CHRF

    signs, texts = translated_signs(translator, [(pair.source, pair.language) for pair in pairs])
    chrf = CHRF()
    scores = [chrf.sentence_score(text, [pair.target]).score for text, pair in zip(texts, pairs, strict=True)]
    nonsense, _ = translated_signs(translator, [(text, "en") for text in made_nonsense(len(pairs) // 5, seed)])
    labels = np.array([*(score >= GOOD_CHRF for score in scores), *[False] * len(nonsense)])
    values = np.array([[getattr(one, name) for name in NAMES] for one in (*signs, *nonsense)])
    means, scales = values.mean(0), values.std(0) + 1e-6
    blank = Confidence(tuple(means), tuple(scales), (0.0,) * (len(NAMES) + 1), 0.0, 0.5)
    features = np.array([blank.features(one) for one in (*signs, *nonsense)])
    # Where no dialogue was held out, what was stands for it.
    counts = [pair.domain == TALK for pair in pairs]
    is_dialogue = np.array([*(counts if any(counts) else [True] * len(pairs)), *[False] * len(nonsense)])
    if min(labels.sum(), (~labels).sum()) < _FOLDS:
        # Too few good ones, of a network that has hardly learned, or too few bad ones to tell them by: all are rough.
        weights, bias, threshold = np.zeros(features.shape[1]), 0.0, 1.0
        apart, separation = np.full(len(labels), 0.5), 0.5
    else:
        weights, bias, apart, separation = _told_apart(features, labels, seed)
        threshold = threshold_of(apart, labels, is_dialogue)
    fitted = Confidence(
        *(tuple(map(float, row)) for row in (means, scales, weights)), bias=float(bias), threshold=threshold
    )
    kept = apart >= threshold
    shown = labels[is_dialogue & kept]
    return Calibration(
        fitted,
        len(labels),
        int(labels.sum()),
        separation,
        good_kept=_share(kept[labels]),
        bad_kept=_share(kept[~labels]),
        dialogue_kept=float(shown.size / max(1, is_dialogue.sum())),
        dialogue_good=_share(shown),
    )


def _told_apart(features: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, float, np.ndarray, float]:
    """Return weights and bias of a regression, each translation's trust by one that never saw it, and separation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(C=1.0, max_iter=1000)
    order = np.random.default_rng(seed).permutation(len(labels))
    apart = np.empty(len(labels))
    apart[order] = cross_val_predict(model, features[order], labels[order], cv=_FOLDS, method="predict_proba")[:, 1]
    model.fit(features, labels)
    return model.coef_[0], float(model.intercept_[0]), apart, float(roc_auc_score(labels, apart))


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if chosen.size else 0.0


def threshold_of(trust: np.ndarray, good: np.ndarray, is_dialogue: np.ndarray) -> float:
    """Return the trust below which a translation is called rough.

    Args:
        trust: of each translation, (translations,), from 0 to 1.
        good: which of them are good.
        is_dialogue: which of them are held-out dialogue; others are of other kinds, or nonsense.

    Returns:
        The least from which on `GOOD_SHARE` of the dialogue is good, but never less than what balances the two errors
        on all; 1 where there is none such.
    """
    from sklearn.metrics import roc_curve

    bad_kept, good_kept, thresholds = roc_curve(good, trust)
    balanced = float(thresholds[np.argmax(good_kept - bad_kept)])
    order = np.argsort(-trust[is_dialogue], kind="stable")
    shares = np.cumsum(good[is_dialogue][order]) / np.arange(1, order.size + 1)
    enough = np.flatnonzero(shares >= GOOD_SHARE)
    precise = float(trust[is_dialogue][order][enough[-1]]) if enough.size else 1.0
    return min(1.0, max(balanced, precise))


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
