"""Pushes small audio data sets by stock `datasets` and `huggingface_hub`, in the forms that people use.

A program of its own, as both libraries read the Hub's address when they are imported. Run by `test_audio_datasets.py`.
"""

import json
import sys
from pathlib import Path

from datasets import Audio, Dataset, DatasetDict
from huggingface_hub import HfApi
from made_sheets import SENTENCES, voice, write_clip


def main(folder: Path) -> None:
    """Push twelve clips as Parquet in splits, once more with doubtful names, and as a folder of files."""
    paths = []
    for number in range(len(SENTENCES)):
        paths.append(folder / "clips" / f"{101 + number}.{'flac' if number % 2 else 'wav'}")
        write_clip(paths[-1], voice(number))
    stored = [{"bytes": path.read_bytes(), "path": path.name} for path in paths]

    def made(numbers: range, clips: list) -> Dataset:
        rows = {"clip": [clips[n] for n in numbers], "sentence": [SENTENCES[n] for n in numbers]}
        rows |= {"speaker": [n % 3 for n in numbers]}
        return Dataset.from_dict(rows).cast_column("clip", Audio(decode=False))

    parts = {"train": made(range(8), stored), "test": made(range(8, 11), stored), "other": made(range(11, 12), stored)}
    DatasetDict(parts).push_to_hub("najva-tester/parquet", private=True)
    doubtful = [{"bytes": clip["bytes"], "path": None if n % 2 else "audio.wav"} for n, clip in enumerate(stored)]
    doubtful[5] = None
    made(range(12), doubtful).push_to_hub("najva-tester/parquet", config_name="doubtful", private=True)

    source = json.dumps({"speech": "synthetic", "engine": "espeak-ng", "name": "as it was called"}).encode()
    HfApi().upload_file(
        repo_id="najva-tester/parquet", repo_type="dataset", path_or_fileobj=source, path_in_repo="source.json"
    )

    lines = [f"clips/{path.name},{sentence}" for path, sentence in zip(paths, SENTENCES, strict=True)]
    (folder / "metadata.csv").write_text("\n".join(["file_name,text", *lines]) + "\n", "utf-8")
    HfApi().create_repo("najva-tester/folder", repo_type="dataset", private=True)
    HfApi().upload_folder(repo_id="najva-tester/folder", repo_type="dataset", folder_path=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
