"""One string says where weights come from."""

from pathlib import Path

import pytest

from najva.pretrained import ModelError
from najva.pretrained.references import parse_reference

HOME = str(Path.home())
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "kind", "name", "revision"),
    [
        ("openai/whisper-small", "hub", "openai/whisper-small", ""),
        (f"openai/whisper-small@{COMMIT}", "hub", "openai/whisper-small", COMMIT),
        ("me/model.v2_final@refs/pr/1", "hub", "me/model.v2_final", "refs/pr/1"),
        ("hub:openai/whisper-small@main", "hub", "openai/whisper-small", "main"),
        ("packaged:whisper-base", "packaged", "whisper-base", ""),
        ("embedded:genre/lstm", "embedded", "genre/lstm", ""),
        ("./runs/fa", "folder", "runs/fa", ""),
        ("../runs/fa", "folder", "../runs/fa", ""),
        ("/models/fa", "folder", "/models/fa", ""),
        ("~/models/fa", "folder", f"{HOME}/models/fa", ""),
        ("  packaged:whisper-base\n", "packaged", "whisper-base", ""),
    ],
)
def test_forms(text, kind, name, revision):
    found = parse_reference(text)
    assert (found.kind, found.name, found.revision) == (kind, name, revision)
    assert found.text == text.strip()


def test_existing_folder_wins_over_the_hub_unless_the_hub_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_reference("runs/fa").kind == "hub"
    (tmp_path / "runs" / "fa").mkdir(parents=True)
    assert parse_reference("runs/fa").kind == "folder"
    assert parse_reference("runs").kind == "folder"
    assert parse_reference("hub:runs/fa").kind == "hub"


@pytest.mark.parametrize(
    "text",
    ["", "   ", "whisper-base", "a/b/c", "hub:", "hub:small", "packaged:", "embedded:", "owner/", "@main",
     "https://huggingface.co/openai/whisper-small", "openai/whisper-small@", "نجوا/مدل خوب", "a/b--c", "a/b..c",
     "a/.b", "a/b.git", "-a/b"],
)  # fmt: skip
def test_nonsense_is_refused_in_one_sentence(text):
    with pytest.raises(ModelError) as refused:
        parse_reference(text)
    message = str(refused.value)
    assert f"'{text.strip()}'" in message and "owner/name" in message and "packaged:whisper-base" in message
    assert message.endswith(".") and "\n" not in message
