"""The endpoints for programs: `gradio_client`, plain HTTP, and the same as MCP tools.

Argument names, defaults and docstrings are public: they are what the API page and an MCP client show.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from najva.audio import AudioError
from najva.genre_models import UnknownGenreModel
from najva.languages import AUTO, UnknownLanguage, parse_language
from najva.pretrained import ModelError
from najva.services import Services
from najva.settings import Settings
from najva.sheet_rows import RowError
from najva.text_translation import UnusableText
from najva.transcriber import TIMESTAMPS
from najva.translation.scripts import UnknownTarget
from najva.translation.translator import UnsupportedLanguage
from najva.translation_models import UnknownEngine
from tabs.callers import answer, faults_in_words, refusal
from tabs.uploads import Uploads

REFUSALS = (
    AudioError,
    ModelError,
    UnknownLanguage,
    UnknownGenreModel,
    UnknownTarget,
    UnknownEngine,
    UnsupportedLanguage,
    UnusableText,
    RowError,
)


def compute(settings: Settings) -> dict:
    """Return what every event that computes is registered with.

    They share so many places; batches of two callers interleave, so a long file holds up nobody.
    """
    return {"concurrency_id": "compute", "concurrency_limit": settings.max_visitors}


def build(page: gr.Blocks, services: Services, uploads: Uploads) -> None:
    """Register the endpoints; they have no place on the page."""

    def transcribe(audio: str, language: str = "auto", timestamps: str = "segment") -> dict:
        """Write down what is said in a recording, in any of 99 languages, and tell which language it is.

        Args:
            audio: A recording: wav, mp3, flac, ogg, opus, m4a, webm or au.
            language: A language's code or name, such as "fa" or "Persian"; "auto" finds it out.
            timestamps: "none", "segment" (start and end of each sentence) or "word" (of each word too).

        Returns:
            text, language, language_probabilities, segments, flags, model, audio_seconds, compute_seconds.
        """
        with refusals_in_words():
            try:
                if timestamps not in TIMESTAMPS:
                    raise refusal(f"timestamps must be one of {', '.join(TIMESTAMPS)}; it is '{timestamps}'.")
                steps = services.transcribe(needed(audio), parse_language(language), timestamps)
                return answer(page, steps).as_dict()
            finally:
                uploads.answered(audio)

    def detect_language(audio: str) -> dict:
        """Tell which of 99 languages is spoken in a recording, with the probability of each.

        Args:
            audio: A recording: wav, mp3, flac, ogg, opus, m4a, webm or au.

        Returns:
            language (empty when nobody speaks), probabilities of all languages, sure, decided_by.
        """
        with refusals_in_words():
            try:
                return services.detect_language(needed(audio)).as_dict()
            finally:
                uploads.answered(audio)

    def translate(audio: str, target: str = "zh-Hans", language: str = "auto", engine: str = "auto") -> dict:
        """Write in Chinese what is said in a recording, in any of 99 languages, sentence by sentence.

        Args:
            audio: A recording: wav, mp3, flac, ogg, opus, m4a, webm or au.
            target: "zh-Hans" (Simplified) or "zh-Hant" (Traditional, as in Taiwan).
            language: The language spoken, as a code or name, such as "fa" or "Persian"; "auto" finds it out.
            engine: What translates: "auto" (the best at hand), a model's short name, "pivot" (through English) or
                "forced" (an experiment).

        Returns:
            source_text, language, translation, segments of start, end, source, translation and flags (what is
            doubtful about it: digits, length, repetition, script, empty, rough), engine, route, models, notes.
        """
        with refusals_in_words():
            try:
                steps = services.translate(needed(audio), target, parse_language(language), engine)
                return answer(page, steps).as_dict()
            finally:
                uploads.answered(audio)

    def translate_text(text: str, source: str = "fa", target: str = "zh-Hans", engine: str = "auto") -> dict:
        """Translate a text into Chinese, sentence by sentence.

        Args:
            text: Sentences, in lines or not.
            source: The language of the text, as a code or name, such as "fa" or "English".
            target: "zh-Hans" (Simplified) or "zh-Hant" (Traditional, as in Taiwan).
            engine: What translates: "auto" (the best at hand) or a model's short name.

        Returns:
            translation, sentences of source, translation and flags (what is doubtful about it), engine, route, models,
            notes.
        """
        with refusals_in_words():
            steps = services.translate_text(text, stated_language(source), target, engine)
            return answer(page, steps).as_dict()

    def classify_genre(audio: str, model: str = "auto") -> dict:
        """Tell the genre of the music in a recording, as a whole and piece by piece.

        Args:
            audio: A recording: wav, mp3, flac, ogg, opus, m4a, webm or au.
            model: A genre network's reference or short name, as /models lists them, such as "lstm"; "auto": the first.

        Returns:
            genre (null unless decision is "genre"), scores of all genres, timeline of start, end and scores of each
            piece with music, decision ("genre", "unsure" or "no_music"), model.
        """
        with refusals_in_words():
            try:
                return answer(page, services.classify_genre(needed(audio), model)).as_dict()
            finally:
                uploads.answered(audio)

    def models() -> dict:
        """List every model in use: its role, reference, revision, source, licence and measured figures."""
        with refusals_in_words():
            return {"models": services.models(), "problem": " ".join(services.problems)}

    with gr.Group(visible=False):
        recording = gr.Audio(type="filepath", label="audio")
        # Else the API page describes Gradio's own class for files here.
        recording.api_info()["additional_description"] = "a recording: wav, mp3, flac, ogg, opus, m4a, webm or au"
        language = gr.Textbox("auto", label="language")
        timestamps = gr.Textbox("segment", label="timestamps")
        model = gr.Textbox("auto", label="model")
        text = gr.Textbox(label="text")
        source = gr.Textbox("fa", label="source")
        target = gr.Textbox("zh-Hans", label="target")
        engine = gr.Textbox("auto", label="engine")
        told = gr.JSON(label="answer")
        call = gr.Button("call")
    uploads.count_calls(recording)
    places = compute(services.settings)
    call.click(transcribe, [recording, language, timestamps], told, api_name="transcribe", **places)
    call.click(detect_language, recording, told, api_name="detect_language", **places)
    call.click(translate, [recording, target, language, engine], told, api_name="translate", **places)
    call.click(translate_text, [text, source, target, engine], told, api_name="translate_text", **places)
    call.click(classify_genre, [recording, model], told, api_name="classify_genre", **places)
    call.click(models, None, told, api_name="models", concurrency_limit=None)


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """Turn the refusals of `najva` into the error that Gradio hands to the caller, word for word."""
    with faults_in_words():
        try:
            yield
        except REFUSALS as error:
            raise refusal(str(error)) from error


def stated_language(name: str) -> str:
    """Return the code of a language that must be named.

    Raises:
        UnknownLanguage: it is none, or `auto`.
    """
    code = parse_language(name)
    if code == AUTO:
        raise refusal('The language of a text is not guessed: give a code such as "fa", or a name such as "English".')
    return code


def needed(recording: str | None) -> str:
    """Return the recording's path.

    Raises:
        gr.Error: there is none.
    """
    if not recording:
        raise refusal("There is no recording: send one as 'audio'.")
    return recording
