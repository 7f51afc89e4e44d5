"""The archive of several recordings."""

import io
import json
import zipfile

from najva.transcriber import Transcript
from najva.transcriber.transcript import Segment
from tabs.several import pack


def test_recordings_of_one_name_are_told_apart() -> None:
    texts = {"/1/a.mp3": "one", "/2/A.wav": "two", "/3/b.c.mp3": "سه", "/4/a.ogg": "4"}
    transcripts = {path: Transcript(segments=(Segment(0, 1, text),), finished=True) for path, text in texts.items()}
    with zipfile.ZipFile(io.BytesIO(pack(transcripts))) as files:
        assert files.testzip() is None
        found = {name: files.read(name).decode("utf-8").strip() for name in files.namelist() if name.endswith("txt")}
        assert found == {"a.txt": "one", "A-2.txt": "two", "b.c.txt": "سه", "a-3.txt": "4"}
        assert len(files.namelist()) == 16
        assert json.loads(files.read("b.c.json"))["text"] == "سه"
