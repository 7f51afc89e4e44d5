"""Sentences: letters, label length, what nobody sees."""

import pytest

from sheets.text_checks import MAX_LABEL_TOKENS, check_texts, label_tokens, letters
from sheets.transcripts import SheetRow, read_transcripts


def _kinds(text):
    return [(fault.kind, fault.detail) for fault in check_texts([SheetRow(2, "a.wav", text)])]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("می\u200cروم به خانهٔ مؤلف، آیا سؤالی هست؟", []),
        ("کتابِ معلّم مثلاً ۱۲ تومان", []),
        ("", []),
        ("این PyTorch و این Whisper", [("foreign letters", "PyTorch, Whisper")]),
        ("کتاب ٹیپو", [("foreign letters", "ٹیپو")]),
        ("good morning", [("no Persian letters", "“good morning”")]),
        ("۱۲۳", [("no Persian letters", "“۱۲۳”")]),
        ("؟!", [("no Persian letters", "“؟!”")]),
        ("كتاب علي ٣", [("Arabic letters", "ك ي ٣")]),
        ("سلام\u200f\ufeff", [("hidden characters", "right-to-left mark, zero width no-break space")]),
    ],
)
def test_letters_of_a_sentence(text, faults):
    assert _kinds(text) == faults


def test_tokens_are_whispers(cache):
    from transformers import WhisperTokenizer

    from najva.pretrained.packaged_whisper import packaged_whisper

    texts = ["سلام دنیا", "می\u200cروم", "پارک جنگلی وردآورد یکی از پارک های جنگلی استان تهران است", "hello"]
    tokenizer = WhisperTokenizer.from_pretrained(packaged_whisper(cache) / "transformers")
    tokenizer.set_prefix_tokens(language="fa", task="transcribe", predict_timestamps=False)
    assert label_tokens(texts) == [len(tokenizer(f" {text}").input_ids) for text in texts]


def test_labels_at_the_limit():
    fits, too_long = (" ".join(["و"] * count) for count in (443, 444))
    assert label_tokens([fits, too_long]) == [MAX_LABEL_TOKENS, MAX_LABEL_TOKENS + 1]
    assert _kinds(fits) == []
    assert [kind for kind, _ in _kinds(too_long)] == ["label too long"]


def test_letters_are_what_has_to_be_spoken():
    assert letters("«کَتاب»، می\u200cروم!") == 9


def test_the_real_sheets(test_data):
    for sheet, faults in (("myaudio_tiny.xlsx", []), ("myaudio_full.xlsx", [(8490, "hidden characters")])):
        rows = read_transcripts(test_data / "persian_sheets" / sheet).rows
        assert [(fault.row, fault.kind) for fault in check_texts(rows)] == faults
