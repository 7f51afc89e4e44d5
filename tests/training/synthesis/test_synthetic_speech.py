"""espeak-ng itself, in Persian and other languages; rooms and noise by what can be measured of them."""

import subprocess

import numpy as np
import pytest

from synthesis import synthetic_speech
from synthesis.synthetic_speech import PERSIAN_VOICES, SynthesisError, add_noise, add_room, check_voices, speak

SENTENCE = "امروز هوا خیلی خوب است"


@pytest.fixture(autouse=True)
def espeak(program) -> str:
    return program("espeak-ng")


def test_a_sentence_is_the_same_again_whatever_was_spoken_between() -> None:
    first, rate_hz = speak(SENTENCE, "fa+m3", words_per_minute=150)
    assert rate_hz == 22050
    assert first.dtype == np.float32
    assert 1 < len(first) / rate_hz < 4
    speak("چند ساعت مطالعه کرد", "fa+f2")
    assert np.array_equal(first, speak(SENTENCE, "fa+m3", words_per_minute=150)[0])


def test_speed_pitch_and_amplitude_do_what_they_say() -> None:
    plain, rate_hz = speak(SENTENCE, "fa", words_per_minute=150)
    assert len(speak(SENTENCE, "fa", words_per_minute=100)[0]) > 1.3 * len(plain)
    assert _pitch_hz(speak(SENTENCE, "fa", pitch=80)[0], rate_hz) > 1.15 * _pitch_hz(plain, rate_hz)
    assert abs(speak(SENTENCE, "fa", amplitude=20)[0]).max() < 0.5 * abs(plain).max()


def test_a_woman_speaks_higher_than_a_man() -> None:
    man, woman = (_pitch_hz(*speak(SENTENCE, voice)) for voice in ("fa+m1", "fa+f2"))
    assert 60 < man < 140 < woman < 300


def test_all_persian_voices_are_there_differ_and_neither_are_silent_nor_clip() -> None:
    check_voices(PERSIAN_VOICES)
    assert PERSIAN_VOICES[0] == "fa"
    spoken = {voice: speak("سلام", voice, amplitude=20)[0] for voice in PERSIAN_VOICES}
    assert len({waveform.tobytes() for waveform in spoken.values()}) == len(PERSIAN_VOICES)
    for voice, waveform in spoken.items():
        assert 0.02 < abs(waveform).max() < 0.9, voice
        assert 0.3 < len(waveform) / 22050 < 3, voice


@pytest.mark.parametrize("voice", ["xx", "fa+nobody", "fa+", "", "fa+../m1", "f2"])
def test_a_voice_that_is_not_there_is_refused_and_not_replaced_by_the_plain_one(voice: str) -> None:
    with pytest.raises(SynthesisError, match="no voice"):
        speak(SENTENCE, voice)


def test_other_languages_speak_too() -> None:
    check_voices(["en-us+f3", "de", "tr+m3", "cmn-latn-pinyin+f2", "fa+Mr serious"])
    assert speak("Good morning", "en-us")[0].any()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("سلام\n\nدنیا", "سلام دنیا"),
        ("سلام\x01100sدنیا", "سلام 100sدنیا"),
        ("می\u200cروم", "میروم"),
        ("سلام \u00a0 دنیا", "سلام دنیا"),
    ],
)
def test_blanks_and_commands_of_espeak_are_text(text: str, same: str) -> None:
    assert np.array_equal(speak(text, "fa")[0], speak(same, "fa")[0])


def test_what_looks_like_an_option_or_a_phoneme_is_spoken() -> None:
    assert len(speak(f"--version {SENTENCE}", "fa")[0]) > 1.2 * len(speak(SENTENCE, "fa")[0])
    obeyed = subprocess.run(["espeak-ng", "-v", "fa", "--stdin", "--stdout"], input=b"[[sala]]", capture_output=True)
    spoken = speak("[[sala]]", "fa")[0]
    assert not np.array_equal(spoken, np.frombuffer(obeyed.stdout[44:], "<i2").astype(np.float32) / 32768)


@pytest.mark.parametrize("text", ["", " \n", "...", "\u200c"])
def test_nothing_to_say_is_an_error_and_no_silence(text: str) -> None:
    with pytest.raises(SynthesisError, match="nothing to speak"):
        speak(text, "fa")


def test_without_espeak_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SynthesisError, match="apt-get install espeak-ng"):
        synthetic_speech.engine_version()


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 30.0])
@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_noise_has_the_power_that_is_asked_for(snr_db: float, slope: float) -> None:
    waveform, rate_hz = speak(SENTENCE, "fa")
    noisy = add_noise(waveform, rate_hz, snr_db=snr_db, slope=slope, generator=np.random.default_rng(1))
    noise = (noisy - waveform).astype(float)
    found = 10 * np.log10(np.square(waveform, dtype=float).mean() / np.square(noise).mean())
    assert found == pytest.approx(snr_db, abs=0.05)
    assert noisy.dtype == np.float32
    power = np.square(abs(np.fft.rfft(noise)))
    hertz = np.fft.rfftfreq(len(noise), 1 / rate_hz)
    low, high = (power[(hertz > edge) & (hertz < 2 * edge)].mean() for edge in (200, 3200))
    assert 10 * np.log10(low / high) == pytest.approx(slope * 10 * np.log10(16), abs=1.5)
    assert power[hertz < 45].sum() < 1e-3 * power.sum()


def test_a_room_leaves_the_direct_sound_and_decays_as_asked() -> None:
    rate_hz = 22050
    click = np.zeros(rate_hz // 10, np.float32)
    click[100] = 1
    sound = add_room(
        click,
        rate_hz,
        reverberation_seconds=0.4,
        direct_to_reverberant_db=3,
        generator=np.random.default_rng(2),
    )
    assert sound.dtype == np.float32
    assert sound[100] == pytest.approx(1, abs=1e-4)
    assert abs(sound[:100]).max() < 1e-5
    echo = np.square(sound[101:], dtype=float)
    assert 10 * np.log10(1 / echo.sum()) == pytest.approx(3, abs=0.1)
    # Schroeder's backward integration: from -5 to -25 dB in a third of the reverberation time.
    decay = 10 * np.log10(np.cumsum(echo[::-1])[::-1] / echo.sum())
    assert (np.argmax(decay < -25) - np.argmax(decay < -5)) / rate_hz == pytest.approx(0.4 / 3, rel=0.1)


def _pitch_hz(waveform: np.ndarray, rate_hz: int) -> float:
    """Median of the loud frames' strongest period between 60 and 400 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 1024)[::512]
    frames = frames[np.square(frames).mean(axis=1) > 0.3 * np.square(frames).mean(axis=1).max()]
    shortest, longest = rate_hz // 400, rate_hz // 60
    periods = [np.correlate(f, f, "full")[1023:][shortest:longest].argmax() + shortest for f in frames]
    return rate_hz / float(np.median(periods))
