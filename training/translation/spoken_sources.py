"""Sentences without recordings, spoken by espeak-ng: what stands for speech until people have read them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from sheets.speech_data import SPEECH
from synthesis.speech_recipes import Palette
from synthesis.spoken_clips import foreign_clips, speak_rows
from synthesis.spoken_sheet import SpokenRow
from synthesis.synthetic_speech import PERSIAN_VOICES, check_voices, engine_version, installed_variants
from translation.parallel_text import TextError
from translation.translation_sets import SYNTHETIC, SentenceSet
from whole_files import write_json

_VOICES = 8
# Words a minute, and of a voice's own pitch 50: as somebody speaks who wants to be understood.
_SPEEDS, _PITCHES = (110, 150), (35, 65)


def spoken(one: SentenceSet, folder: Path) -> SentenceSet:
    """Return a set with a synthetic recording of each source; those that lie there already are kept.

    Args:
        one: of text.
        folder: in which the set has its own; a `speech.json` there and each file itself say that it is synthetic.

    Raises:
        SynthesisError: espeak-ng is not installed, or does not speak the language.
        TextError: it cannot speak a sentence, or recordings of somebody else lie there.
    """
    folder = folder / re.sub(r"[^\w.-]+", "-", one.name)
    # A variant is what a voice is like, whatever the language; these were chosen by ear of Whisper.
    variants = [voice.partition("+")[2] for voice in PERSIAN_VOICES]
    installed = ["", *(name for name in variants if name in installed_variants())][:_VOICES]
    voices = tuple(f"{one.language}+{name}".rstrip("+") for name in installed)
    check_voices(voices)
    palette, version = Palette(voices, _SPEEDS, _PITCHES), engine_version()
    rows = [SpokenRow(number, f"{number}.wav", item.source) for number, item in enumerate(one.items, start=1)]
    if foreign := foreign_clips(rows, folder):
        raise TextError(f"{folder} holds recordings that are not espeak-ng's, such as {foreign[0].name}.")
    made = {"speech": SYNTHETIC, "engine": "espeak-ng", "version": version} | palette.as_dict()
    write_json(folder / SPEECH, made)
    outcomes = speak_rows(rows, folder, palette, f"espeak-ng {version}")
    for item, row in zip(one.items, rows, strict=True):
        if fault := outcomes[row.number].fault:
            raise TextError(f"The sentence {item.id} of {one.name} is not spoken: {fault}.")
    items = tuple(replace(item, audio=folder / row.name) for item, row in zip(one.items, rows, strict=True))
    return replace(one, items=items, speech=SYNTHETIC, origin=one.origin | {"spoken_by": made})
