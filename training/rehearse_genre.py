r"""Makes a folder of GTZAN's size from the few songs at hand: a rehearsal of the full training, no collection.

    python training/rehearse_genre.py --audio-folder $NAJVA_TEST_DATA/gtzan_mini --output data/gtzan-rehearsal
    accelerate launch training/train_genre.py --audio-folder data/gtzan-rehearsal --architecture lstm \
        --protocol pooled --preset as-specified --output runs/rehearsal-lstm

Each genre gets `--songs` files of 30 s: the songs themselves, and variants of them in pitch, tempo, tone and mix.
`artists.csv` says who plays and, in the column `variant_of`, which song a file is made of: by it every training keeps
all variants of a song on one side (`segments` alone does not), and calls itself a rehearsal. What accuracy means here:
how well a network knows variants of songs that it did not hear, of which there are few. A job that was stopped goes on.
1,000 files are 1.3 GB and take some eight minutes on one core; half a minute, with the test data:

    python training/rehearse_genre.py --audio-folder $NAJVA_TEST_DATA/gtzan_mini --output data/small --songs 8
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from genre.songs import (
    ARTISTS,
    REHEARSAL,
    Fault,
    FolderError,
    Song,
    check_genres,
    find_files,
    folder_of_genres,
    gtzan_facts,
    read_artists,
    read_each,
    read_song,
    with_gtzan_facts,
)
from genre.variants import RATE_HZ, variant
from najva import audio
from najva.resampling import resample
from options import option, required, run_command
from run_news import say
from whole_files import whole_file, write_json, write_rows


@dataclass(frozen=True)
class RehearsalOptions:
    """Of what, and how much."""

    audio_folder: Path = required("folder with a folder a genre")
    output: Path = required("folder of the rehearsal")
    songs: int = option(100, "files of each genre")
    seconds: float = option(30.0, "length of each file")
    seed: int = option(0, "of the variants")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.songs < 2 or self.seconds < 1:
            raise ValueError("--songs is 2 or more, and --seconds 1 or more.")


def main(arguments: list[str] | None = None) -> int:
    """Make the files; see the module's docstring."""
    return run_command(RehearsalOptions, rehearse, __doc__, arguments)


def rehearse(options: RehearsalOptions) -> dict:
    """Write the files that are not there yet, and then `artists.csv`; return the job's last line.

    Raises:
        FolderError: the songs are no two genres of two songs each, or the folder was begun otherwise.
    """
    sources, faults = read_sources(options.audio_folder)
    for fault in faults:
        say(f"Left out: {fault.id}: {fault.reason}.")
    check_output(options, sources)
    rows, names = [], names_of(sources)
    with tqdm(total=options.songs * len(sources), desc="Variants", unit="file", disable=None) as progress:
        for songs in sources.values():
            for place, song in enumerate(songs):
                # The songs take turns, and the first ones may have one variant more.
                count = len(range(place, options.songs, len(songs)))
                made = [f"{song.genre}/{names[song.id]}.v{number:02d}.wav" for number in range(count)]
                write_variants([options.output / name for name in made], song, options)
                rows += [{"song": name, "artist": song.artist, "variant_of": song.id} for name in made]
                progress.update(count)
    write_rows(options.output / ARTISTS, rows)
    count = sum(len(songs) for songs in sources.values())
    say(f"REHEARSAL: {len(rows):,} files of {len(sources)} genres in {options.output}, made of {count} songs.")
    return {"output": str(options.output), "files": len(rows), "made_of": count}


def read_sources(folder: Path) -> tuple[dict[str, list[Song]], list[Fault]]:
    """Return the songs of each genre, and what cannot be used.

    Raises:
        FolderError: fewer than two genres have two songs.
    """
    files = find_files(folder)
    artists, facts = read_artists(folder_of_genres(files)), gtzan_facts()
    # Their samples are read again one by one, when the variants are made.
    read, faults = read_each(files, lambda path, root: (read_song(path, root)[0], None))
    songs = [replace(with_gtzan_facts(song, facts), **artists.get(song.id, {})) for song, _ in read]
    faults += check_genres(songs, list(files))
    left_out = {fault.id for fault in faults}
    sources = {genre: [song for song in songs if song.genre == genre] for genre in files if genre not in left_out}
    if len(sources) < 2:
        raise FolderError(f"{folder} has no two genres of two songs each.")
    return sources, faults


def names_of(sources: dict[str, list[Song]]) -> dict[str, str]:
    """Return what the variants of each song are called: as the song, with its ending where two differ in that alone."""
    stems = Counter(Path(song.id).with_suffix("") for songs in sources.values() for song in songs)
    return {
        song.id: song.path.stem if stems[Path(song.id).with_suffix("")] == 1 else song.path.name
        for songs in sources.values()
        for song in songs
    }


def check_output(options: RehearsalOptions, sources: dict[str, list[Song]]) -> None:
    """Note what the folder is made of.

    Raises:
        FolderError: it was begun with other songs or options.
    """
    made_of = {song.id: song.content for songs in sources.values() for song in songs}
    facts = {"songs": options.songs, "seconds": options.seconds, "seed": options.seed, "made_of": made_of}
    path = options.output / REHEARSAL
    if not path.is_file():
        write_json(path, facts)
    elif json.loads(path.read_text(encoding="utf-8")) != facts:
        raise FolderError(
            f"{options.output} was begun with other songs or options; name another --output, or delete it."
        )


def write_variants(paths: list[Path], song: Song, options: RehearsalOptions) -> None:
    """Write a song's variants that are not there yet, by their number; number 0 is the song as it is."""
    missing = [(number, path) for number, path in enumerate(paths) if not path.is_file()]
    if not missing:
        return
    own, own_rate_hz = audio.read(song.path)
    whole, samples = resample(own, own_rate_hz, RATE_HZ), round(options.seconds * RATE_HZ)
    for number, path in missing:
        # By the song's samples, so that neither its name nor its place in the folder means anything.
        generator = np.random.default_rng((options.seed, number, int(song.content[:8], 16)))
        waveform = variant(whole, generator, samples) if number else np.resize(whole, samples)
        with whole_file(path) as unfinished:
            soundfile.write(unfinished, waveform, RATE_HZ, subtype="PCM_16", format="WAV")


if __name__ == "__main__":
    sys.exit(main())
