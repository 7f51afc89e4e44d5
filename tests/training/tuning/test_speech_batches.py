"""What the model is given: labels, masks, widths, and an order that an interruption does not change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import shift_tokens_right

from najva.transcriber.log_mel import log_mel
from najva.transcriber.tokens import WhisperTokens
from sheets.speech_data import Clip
from tuning.speech_batches import (
    IGNORED,
    ClipPlan,
    LikeLengths,
    SpeechClips,
    SpeechCollator,
    label_ids,
    spoken_seconds,
)


def spelled(tokens: WhisperTokens, ids: list[int]) -> str:
    """Write ids with their special tokens; times in seconds."""
    written = []
    for token in ids:
        if (seconds := tokens.seconds(token)) is not None:
            written.append(f"<{seconds:.2f}>")
        else:
            written.append(tokens._tokenizer.decode([token], skip_special_tokens=False))
    return "".join(written)


def test_decoder_input_starts_once_and_says_language_and_task(tokens: WhisperTokens, packaged: Path) -> None:
    labels = label_ids(tokens, "fa", [(0.0, 1.0, "salam")], timestamps=False)
    batch = SpeechCollator(80, 30)([{"waveform": np.zeros(16000, np.float32), "labels": labels}])
    config = WhisperConfig.from_pretrained(packaged / "transformers")
    shifted = shift_tokens_right(batch["labels"], config.pad_token_id, config.decoder_start_token_id)
    assert spelled(tokens, shifted[0].tolist()) == ("<|startoftranscript|><|fa|><|transcribe|><|notimestamps|> salam")


def test_first_end_of_text_stays_in_the_loss_and_padding_does_not(tokens: WhisperTokens) -> None:
    short, long = (label_ids(tokens, "fa", [(0.0, 1.0, text)], timestamps=False) for text in ("a", "a b c d e f g"))
    batch = SpeechCollator(80, 30)(
        [{"waveform": np.zeros(16000, np.float32), "labels": labels} for labels in (short, long)]
    )
    row = batch["labels"][0].tolist()
    assert row[: len(short)] == short
    assert row[len(short) - 1] == tokens.end_of_text
    assert row[len(short) :] == [IGNORED] * (len(long) - len(short))


def test_arabic_keyboards_and_hidden_marks_do_not_reach_the_labels(tokens: WhisperTokens) -> None:
    typed = label_ids(tokens, "fa", [(0.0, 1.0, "\u200fكتابي  مي\u200cخوانم")], timestamps=False)
    meant = label_ids(tokens, "fa", [(0.0, 1.0, "کتابی می\u200cخوانم")], timestamps=False)
    assert typed == meant
    assert tokens.text(meant) == " کتابی می\u200cخوانم"


def test_other_scripts_keep_the_marks_that_they_need(tokens: WhisperTokens) -> None:
    hindi = "क्\u200dष"
    assert tokens.text(label_ids(tokens, "hi", [(0.0, 1.0, hindi)], timestamps=False)) == f" {hindi}"


def test_times_frame_each_part(tokens: WhisperTokens) -> None:
    labels = label_ids(tokens, "fa", [(0.1, 1.0, "a"), (1.5, 2.34, "b")], timestamps=True)
    assert spelled(tokens, labels) == "<|fa|><|transcribe|><0.10> a<1.00><1.50> b<2.34><|endoftext|>"


def test_a_batch_is_as_wide_as_its_longest_clip_and_masks_the_padding(tokens: WhisperTokens) -> None:
    waveforms = [np.ones(16000 * seconds, np.float32) * 0.1 for seconds in (1, 3)]
    items = [{"waveform": waveform, "labels": [1]} for waveform in waveforms]
    batch = SpeechCollator(80, 30, margin_seconds=1.0)(items)
    assert tuple(batch["input_features"].shape) == (2, 80, 400)
    assert batch["attention_mask"].sum(1).tolist() == [100, 300]
    np.testing.assert_array_equal(batch["input_features"][1].numpy(), log_mel(waveforms[1], 80, 400))
    assert SpeechCollator(80, 2)(items)["input_features"].shape[-1] == 200
    assert SpeechCollator(80, 30, full_window=True)(items)["input_features"].shape[-1] == 3000


def test_every_epoch_holds_all_own_clips_and_the_next_of_the_others(clips: list[Clip], tokens: WhisperTokens) -> None:
    own, store = clips[:3], clips[3:]
    dataset = SpeechClips(own, tokens, "fa", seed=1, others=store, others_per_epoch=4)
    assert len(dataset) == 7
    drawn = []
    for epoch in range(9):
        dataset.set_epoch(epoch)
        assert dataset.clips[:3] == own
        others = [clip.id for clip in dataset.clips[3:]]
        assert len(set(others)) == 4 or epoch in (2, 4, 6, 8)  # where one round of the store goes over into the next
        drawn += others
        assert dataset[5]["labels"] == label_ids(tokens, "fa", [(0.0, 1.0, dataset.clips[5].text)], timestamps=False)
    # 36 draws of a store of 9: every clip in turn, no clip more often than another.
    assert sorted(drawn) == sorted(4 * [clip.id for clip in store])
    assert drawn[:9] != drawn[9:18]
    again = SpeechClips(own, tokens, "fa", seed=1, others=store, others_per_epoch=4)
    again.set_epoch(8)
    assert [clip.id for clip in again.clips[3:]] == drawn[-4:]


def test_joined_clips_are_said_one_after_the_other(clips: list[Clip], tokens: WhisperTokens) -> None:
    dataset = SpeechClips(clips, tokens, "fa", ClipPlan(timestamp_share=1.0, join_share=1.0, join_seconds=9.0))
    joined = [(index, dataset[index]) for index in range(len(clips))]
    lengths = dataset.seconds()
    grown = 0
    for index, item in joined:
        seconds = item["waveform"].size / 16000
        assert seconds <= 9.0
        times = [tokens.seconds(token) for token in item["labels"] if tokens.seconds(token) is not None]
        assert times == sorted(times)
        assert times[-1] <= seconds + 0.02
        assert clips[index].text in tokens.text(item["labels"])
        assert abs(lengths[index] - seconds) <= 3.0
        grown += len(times) > 2
    assert grown > 6


def test_joined_labels_fit_the_decoder(clips: list[Clip], tokens: WhisperTokens) -> None:
    """Fast speech in rare letters may fill it before the seconds are over."""
    talkative = [replace(clip, text=" ".join([clip.text] * 8)) for clip in clips]
    plan = ClipPlan(timestamp_share=1.0, join_share=1.0, join_seconds=20.0)
    lengths = [len(SpeechClips(talkative, tokens, "fa", plan)[index]["labels"]) for index in range(len(clips))]
    alone = [len(SpeechClips(talkative, tokens, "fa", ClipPlan(1.0))[index]["labels"]) for index in range(len(clips))]
    assert max(lengths) <= 448 < 4 * max(alone)
    assert any(joined > single for joined, single in zip(lengths, alone, strict=True))


def test_what_would_be_stretched_beyond_the_window_stays_as_it_was(clips: list[Clip], tokens: WhisperTokens) -> None:
    def slower(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return np.repeat(waveform, 2)

    plain = SpeechClips(clips, tokens, "fa", ClipPlan(timestamp_share=1.0))
    dataset = SpeechClips(clips, tokens, "fa", ClipPlan(timestamp_share=1.0, augment=slower, window_seconds=4.0))
    for index, clip in enumerate(clips):
        stretched = clip.seconds <= 2.0
        assert dataset[index]["waveform"].size == plain[index]["waveform"].size * (2 if stretched else 1)
        assert stretched or dataset[index]["labels"] == plain[index]["labels"]
    assert {clip.seconds <= 2.0 for clip in clips} == {True, False}


def test_what_is_random_depends_on_seed_epoch_and_clip_only(clips: list[Clip], tokens: WhisperTokens) -> None:
    def louder(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return waveform * generator.uniform(0.5, 1.5)

    plan = ClipPlan(timestamp_share=0.5, augment=louder)
    first, second = (SpeechClips(clips, tokens, "fa", plan, seed=3) for _ in range(2))
    _ = [second[index] for index in range(5)]  # what was asked before makes no difference
    np.testing.assert_array_equal(first[7]["waveform"], second[7]["waveform"])
    second.set_epoch(1)
    assert not np.array_equal(first[7]["waveform"], second[7]["waveform"])
    with_times = sum(
        any(tokens.seconds(token) is not None for token in first[index]["labels"]) for index in range(len(clips))
    )
    assert 0 < with_times < len(clips)


def test_batches_hold_clips_of_like_length_in_a_new_order_each_epoch(tokens: WhisperTokens) -> None:
    lengths = np.random.default_rng(1).uniform(1, 10, 203).tolist()
    made = [Clip(str(n), "", "", seconds, 16000, "", "", "", n) for n, seconds in enumerate(lengths)]
    sampler = LikeLengths(SpeechClips(made, tokens, "fa"), 10, seed=0)
    order = list(sampler)
    assert sorted(order) == list(range(203))
    batches = [[lengths[index] for index in order[first : first + 10]] for first in range(0, 203, 10)]
    assert all(len(batch) == 10 for batch in batches[:-1])
    spread = np.mean([max(batch) - min(batch) for batch in batches])
    assert spread < 1.0
    # Neither from long to short nor the other way.
    means = [np.mean(batch) for batch in batches]
    assert abs(np.corrcoef(means, range(len(means)))[0, 1]) < 0.6
    assert list(sampler) == order
    sampler.set_epoch(1)
    assert list(sampler) != order
    again = LikeLengths(SpeechClips(made, tokens, "fa"), 10, seed=0)
    again.set_epoch(1)
    assert list(again) == list(sampler)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.5, 1.0)])
def test_speech_is_found_between_silences(before: float, after: float, generator: np.random.Generator) -> None:
    sound = generator.normal(0, 0.1, 16000).astype(np.float32)
    parts = [np.zeros(int(before * 16000), np.float32), sound, np.zeros(int(after * 16000), np.float32)]
    start, end = spoken_seconds(np.concatenate(parts))
    assert start == pytest.approx(before, abs=0.021)
    assert end == pytest.approx(before + 1.0, abs=0.021)


def test_silence_is_spoken_from_end_to_end() -> None:
    assert spoken_seconds(np.zeros(8000, np.float32)) == (0.0, 0.5)
