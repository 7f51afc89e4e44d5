"""Word and character error rates of Persian speech recognition as a module of Hugging Face's `evaluate`."""

import sys
from importlib import util
from pathlib import Path
from types import ModuleType

import datasets
import evaluate

import najva

_DESCRIPTION = """\
Error rates of recognised Persian speech under a named, versioned text rule: the mean of the clips' own word error rates
("mean WER"), the corpus WER, and the character error rate with and without spaces. The rule `fa-v1` folds letters,
digits, marks and punctuation and makes the zero-width non-joiner a space; `fa-joined` deletes it instead; `raw` and
`as-given` leave the text as it is written; `basic` is for other languages.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: list of recognised texts, one per clip; may be empty texts.
    references: list of what was said, in the same order.
    normalizer: "fa-v1" (default), "fa-joined", "raw", "as-given" or "basic"; applied to both sides.

Returns:
    mean_clip_wer, wer, cer, cer_no_spaces: fractions, 0 is best; they may exceed 1.

Examples:
    >>> metric = evaluate.load("training/persian_wer")
    >>> metric.compute(predictions=["كتاب را می روم"], references=["کتاب را می‌روم."])["wer"]
    0.0
"""

_CITATION = ""


class PersianWER(evaluate.Metric):
    """The metric; `evaluate.load("training/persian_wer")` makes one, with no network."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: list[str], references: list[str], normalizer: str = "fa-v1") -> dict[str, float]:
        metrics = _training_metrics()
        texts = references, predictions
        return {
            "mean_clip_wer": metrics.mean_clip_wer(*texts, normalizer=normalizer),
            "wer": metrics.corpus_wer(*texts, normalizer=normalizer),
            "cer": metrics.corpus_cer(*texts, normalizer=normalizer, keep_spaces=True),
            "cer_no_spaces": metrics.corpus_cer(*texts, normalizer=normalizer),
        }


def _training_metrics() -> ModuleType:
    """Returns this project's `training/metrics.py`.

    `evaluate` runs a copy of this file out of its cache, so its neighbours are found from the installed najva; under a
    name of their own, since a user's program may well have another module called `metrics`.
    """
    name = "najva_training_metrics"
    if name not in sys.modules:
        path = Path(najva.__file__).resolve().parents[2] / "training" / "metrics.py"
        if not path.is_file():
            raise ImportError(
                f"persian_wer needs the whole project, but beside the installed najva there is no {path}."
            )
        spec = util.spec_from_file_location(name, path)
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
