"""Every `NAJVA_…` variable is read, and what is wrong is one sentence that names it."""

from pathlib import Path

import pytest

from najva.settings import SettingError, Settings


def test_nothing_set_gives_the_documented_defaults():
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.models, settings.device, settings.asr_model, settings.asr_persian) == ("auto", "auto", "", "")
    assert (settings.max_seconds, settings.max_file_mb, settings.max_queue) == (10800, 500, 20)
    assert settings.max_bytes == 500_000_000


def test_every_variable_is_read():
    settings = Settings.from_environment(
        {
            "NAJVA_MODELS": "offline",
            "NAJVA_ASR_MODEL": "packaged:whisper-base",
            "NAJVA_ASR_PERSIAN": " me/fa@main ",
            "NAJVA_GENRE_MODELS": "embedded:genre/cnn,me/lstm",
            "NAJVA_TRANSLATOR": "me/translator",
            "NAJVA_NON_COMMERCIAL": "1",
            "NAJVA_DEVICE": "cpu",
            "NAJVA_MAX_SECONDS": "90.5",
            "NAJVA_MAX_FILE_MB": "0.5",
            "NAJVA_MAX_LETTERS": "70",
            "NAJVA_MAX_VISITORS": "2",
            "NAJVA_MAX_QUEUE": "3",
            "NAJVA_MAX_SPEAKERS": "5",
            "NAJVA_MAX_STALL_SECONDS": "9.5",
            "NAJVA_AUTH": "ali:one:two, سارا:three",
            "NAJVA_CACHE": "/cache",
        }
    )
    assert settings == Settings(
        models="offline",
        asr_model="packaged:whisper-base",
        asr_persian="me/fa@main",
        genre_models="embedded:genre/cnn,me/lstm",
        translator="me/translator",
        non_commercial=True,
        device="cpu",
        max_seconds=90.5,
        max_file_mb=0.5,
        max_letters=70,
        max_visitors=2,
        max_queue=3,
        max_speakers=5,
        max_stall_seconds=9.5,
        auth=(("ali", "one:two"), ("سارا", "three")),
        cache=Path("/cache"),
    )
    assert settings.max_bytes == 500_000


@pytest.mark.parametrize("name", ["MODELS", "ASR_MODEL", "DEVICE", "MAX_SECONDS", "MAX_QUEUE", "CACHE"])
@pytest.mark.parametrize("text", ["", "  "])
def test_empty_variable_counts_as_absent(name, text):
    assert Settings.from_environment({f"NAJVA_{name}": text}) == Settings()


def test_tilde_is_the_home_folder():
    assert Settings.from_environment({"NAJVA_CACHE": "~/najva"}).cache == Path.home() / "najva"


@pytest.mark.parametrize(
    ("name", "text", "accepts"),
    [
        ("MODELS", "online", "auto, hub, offline"),
        ("MODELS", "AUTO", "auto, hub, offline"),
        ("DEVICE", "gpu", "auto, cpu, cuda"),
        ("MAX_SECONDS", "an hour", "a number above 0"),
        ("MAX_SECONDS", "0", "a number above 0"),
        ("MAX_SECONDS", "nan", "a number above 0"),
        ("MAX_FILE_MB", "-1", "a number above 0"),
        ("MAX_FILE_MB", "inf", "a number above 0"),
        ("NON_COMMERCIAL", "yes", "1 or 0"),
        ("MAX_LETTERS", "0", "a number above 0"),
        ("MAX_QUEUE", "2.5", "a whole number above 0"),
        ("MAX_QUEUE", "0", "a number above 0"),
        ("MAX_VISITORS", "0", "a number above 0"),
        ("MAX_SPEAKERS", "many", "a whole number above 0"),
        ("MAX_STALL_SECONDS", "never", "a number above 0"),
    ],
)
def test_wrong_value_is_one_sentence_that_names_the_variable(name, text, accepts):
    with pytest.raises(SettingError) as refused:
        Settings.from_environment({f"NAJVA_{name}": text})
    message = str(refused.value)
    assert message.startswith(f"NAJVA_{name} must be ") and accepts in message and text in message
    assert message.endswith(".") and "\n" not in message


@pytest.mark.parametrize("text", ["secret", "ali", "ali:", ":secret", "ali:secret,", "ali:secret,ali:other", ","])
def test_wrong_accounts_are_one_sentence_that_shows_none_of_them(text):
    with pytest.raises(SettingError) as refused:
        Settings.from_environment({"NAJVA_AUTH": text})
    message = str(refused.value)
    assert message.startswith("NAJVA_AUTH must be name:password pairs")
    assert "secret" not in message and "ali" not in message and "\n" not in message


def test_settings_print_no_password():
    assert "secret" not in repr(Settings.from_environment({"NAJVA_AUTH": "ali:secret"}))
