"""From parallel text to a translator that the app serves: trained, killed, gone on with, calibrated."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

import train_translator
from najva.pretrained.checkpoint import Checkpoint
from najva.services import Services
from najva.settings import Settings
from najva.translation.confidence import Confidence
from najva.translation.loading import load_tokenizer, load_translator
from run_record import read_record
from tests.training.made_text import all_pairs, make_text, sentence
from translation.parallel_text import COLLECTIONS, TextError, clean, key, read_training, read_validation
from translation.taught_pairs import BRIDGES, TIMES, read_taught, taught_pairs
from translation.translator_training import Recipe, Trainer, encoded, new_network
from translation.vocabulary import Encoder, train_vocabulary

ROOT = Path(__file__).parents[2]
SMALL = {"vocabulary": 500, "width": 64, "inner": 128, "encoder_layers": 2, "decoder_layers": 1}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_text(tmp_path_factory.mktemp("text"))


def arguments(text: Path, output: Path, **more: object) -> list[str]:
    given = SMALL | {"data": text, "output": output, "epochs": 3, "pieces": 800, "every": 50} | more
    return [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]


@pytest.fixture(scope="module")
def trained(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A translator of a thousand steps."""
    output = tmp_path_factory.mktemp("runs") / "translator"
    assert train_translator.main(arguments(text, output, epochs=40, learning_rate=0.005, dropout=0.0)) == 0
    return output


def translations(run: Path, cache: Path, sources: list[str], language: str) -> list:
    """What the trained network alone makes of some sentences."""
    services = Services(Settings(models="offline", translator=str(run), cache=cache), say=lambda line: None)
    *_, found = services.translate_text("\n".join(sources), language, engine="own")
    return list(found.sentences)


def test_it_translates_what_it_never_saw(trained: Path, tmp_path: Path) -> None:
    for language in ("en", "fa"):
        held_out = all_pairs(language)[::7]
        found = translations(trained, tmp_path, [source for source, _ in held_out], language)
        right = sum(one.translation == target for one, (_, target) in zip(found, held_out, strict=True))
        assert right >= 0.8 * len(held_out), [(one.source, one.translation) for one in found]


def test_it_knows_what_it_does_not_know(trained: Path, tmp_path: Path) -> None:
    nonsense = ["Xqzt vlorp mmbdk.", "Wrrgh plexomond iqtal shubb.", "Zzyt kkwop."]
    known = [sentence("en", 3, 1, 2), sentence("en", 7, 4, 0), sentence("en", 5, 0, 3)]
    trust = [one.trust for one in translations(trained, tmp_path, [*known, *nonsense], "en")]
    assert min(trust[:3]) > max(trust[3:])
    assert all("rough" in one.flags for one in translations(trained, tmp_path, nonsense, "en"))
    record = read_record(trained)["calibration"]
    assert record["separation"] > 0.9 and 0 < record["good"] < record["sentences"]
    assert Confidence.load(trained).threshold == pytest.approx(record["threshold"], abs=1e-4)


def test_what_has_learned_nothing_is_never_believed(text: Path, tmp_path: Path) -> None:
    assert train_translator.main(arguments(text, tmp_path / "run", epochs=0.1)) == 0
    record = read_record(tmp_path / "run")["calibration"]
    assert record["good"] < 5 and record["threshold"] == 1 and record["separation"] == 0.5
    (found,) = translations(tmp_path / "run", tmp_path, ["I have 3 cats."], "en")
    assert set(found.flags) & {"rough", "empty"}


def test_the_run_says_what_it_was_made_of(trained: Path, text: Path) -> None:
    record = read_record(trained)
    pairs, kept = read_training(text)
    assert record["data"]["pairs_an_epoch"] == len(pairs) and record["data"]["collections"] == kept
    assert record["training"]["epochs"] == 40 and record["training"]["parameters"] > 10_000
    with (trained / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["validation_loss"]) < 0.5 < float(rows[0]["validation_loss"])
    for name in ("validation_loss", "flores_loss"):
        assert record["training"][name] == float(rows[-1][name]) < 0.5
    assert not (trained / "checkpoints").exists()
    assert (trained / "model.safetensors").stat().st_size < 2.2 * record["training"]["parameters"]


def test_a_trained_run_is_left_alone_and_another_is_refused(trained: Path, text: Path, capsys) -> None:
    before = (trained / "model.safetensors").stat().st_mtime_ns
    same = arguments(text, trained, epochs=40, learning_rate=0.005, dropout=0.0)
    assert train_translator.main(same) == 0
    assert "is trained" in capsys.readouterr().out
    assert train_translator.main(arguments(text, trained, epochs=41, learning_rate=0.005, dropout=0.0)) == 1
    assert "another epochs" in capsys.readouterr().err
    assert (trained / "model.safetensors").stat().st_mtime_ns == before


def test_init_goes_on_from_another_run(trained: Path, text: Path, tmp_path: Path) -> None:
    more = arguments(text, tmp_path / "more", epochs=1, init=trained, learning_rate=0.0005)
    assert train_translator.main(more) == 0
    with (tmp_path / "more" / "history.csv").open(encoding="utf-8") as file:
        assert float(next(csv.DictReader(file))["validation_loss"]) < 0.5
    assert (tmp_path / "more" / "vocab.json").read_bytes() == (trained / "vocab.json").read_bytes()
    (before,) = read_record(tmp_path / "more")["data"]["before"]
    assert before["run"] == trained.name and before["epochs"] == 40


def test_a_network_that_is_gone_on_with_keeps_its_shape(trained: Path, text: Path, tmp_path: Path) -> None:
    other = arguments(text, tmp_path / "more", epochs=0.1, init=trained, width=128, decoder_layers=3, dropout=0.3)
    assert train_translator.main(other) == 0
    record, config = read_record(tmp_path / "more"), json.loads((tmp_path / "more" / "config.json").read_text("utf-8"))
    chosen = {name: record["options"][name] for name in SMALL if name != "vocabulary"}
    assert chosen == {name: value for name, value in SMALL.items() if name != "vocabulary"}
    assert (config["d_model"], config["decoder_layers"], config["dropout"]) == (64, 1, 0.3)
    # Of so little text there are fewer pieces than were asked for.
    assert record["options"]["vocabulary"] == Encoder(trained).pieces <= SMALL["vocabulary"]


def test_nothing_to_go_on_with_is_said(text: Path, tmp_path: Path, capsys) -> None:
    assert train_translator.main(arguments(text, tmp_path / "more", init=tmp_path)) == 1
    assert "config.json" in capsys.readouterr().err


@pytest.fixture
def bridged(text: Path, tmp_path: Path) -> Path:
    """The same text, with Persian that has only English beside it."""
    folder = make_text(tmp_path / "bridged")
    pairs = list(zip(all_pairs("en"), all_pairs("fa"), strict=True))
    new = [(english, f"{persian} سلام") for (english, _), (persian, _) in pairs[:60]]
    nonsense = [("Xqzt vlorp mmbdk wrrgh.", "این را کسی نمی‌داند.")]
    translated = [(pairs[1][0][0], pairs[1][1][0])]
    for bridge, rows in zip(BRIDGES, (new, nonsense, translated), strict=True):
        (folder / bridge.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / bridge.file).write_text("".join(f"{one}\t{two}\n" for one, two in rows), encoding="utf-8")
    return folder


def test_a_teacher_gives_persian_its_chinese(trained: Path, bridged: Path, tmp_path: Path) -> None:
    source = Checkpoint(str(trained), "folder", "0", "", trained)
    teacher = load_translator(source, tmp_path / "converted", "cpu", lambda line: None)
    taught = taught_pairs(bridged, teacher, read_training(bridged)[0])
    new, nonsense, translated = (taught[bridge.file] for bridge in BRIDGES)
    # Neither what it is not sure of, nor what people have translated, nor what is measured on.
    assert not nonsense and not translated
    right = {f"{persian} سلام": chinese for persian, chinese in all_pairs("fa")[:60]}
    held_out = {source for source, _ in all_pairs("fa")[:60:7]}
    assert len(new) > 30 and not {pair.source.removesuffix(" سلام") for pair in new} & held_out
    assert sum(right[pair.source] == pair.target for pair in new) >= 0.8 * len(new)
    with pytest.raises(TextError, match="cannot teach"):
        taught_pairs(bridged, replace(teacher, confidence=None), [])


def test_what_was_taught_is_learned_and_kept(trained: Path, bridged: Path, tmp_path: Path) -> None:
    more = arguments(bridged, tmp_path / "run", epochs=0.1, init=trained, teacher=trained)
    assert train_translator.main(more) == 0
    record, taught = read_record(tmp_path / "run"), read_taught(tmp_path / "run" / "taught.tsv")
    pairs, kept = read_training(bridged)
    (count,) = record["data"]["taught"].values()
    assert record["data"]["taught"] == {BRIDGES[0].file: count} and len(taught[BRIDGES[0].file]) == count
    assert record["data"]["pairs"] == sum(kept.values()) + count
    assert record["data"]["pairs_an_epoch"] == len(pairs) + TIMES * count
    assert record["options"]["teacher"] == trained.name


def test_a_killed_training_goes_on_where_it_was(text: Path, tmp_path: Path) -> None:
    command = [sys.executable, "training/train_translator.py", *arguments(text, tmp_path / "run", epochs=20, every=10)]
    job = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    checkpoint = tmp_path / "run" / "checkpoints" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.is_file():
        assert time.monotonic() < deadline and job.poll() is None
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    done = torch.load(checkpoint, weights_only=True)["progress"]["step"]
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"{done} steps" in again.stdout
    assert json.loads(again.stdout.splitlines()[-1])["steps"] > done


def trainer(text: Path, folder: Path, dropout: float = 0.1, **more: object) -> Trainer:
    """A training in this process, of a few steps."""
    pairs, _ = read_training(text)
    if not (folder / "vocab.json").is_file():
        train_vocabulary((side for pair in pairs for side in (pair.source, pair.target)), folder, 500)
    encoder = Encoder(folder)
    recipe = Recipe(64, 128, 1, 1, dropout=dropout, pieces=800, warm_up=10, curriculum_steps=5)
    torch.manual_seed(0)
    network = new_network(encoder, recipe)
    validation = {name: encoded(pairs, encoder) for name, pairs in read_validation(text).items()}
    options = {"epochs": 1, "minutes": 0, "seed": 0, "folder": folder / "checkpoints", "say": lambda line: None}
    return Trainer(network, encoded(pairs, encoder), validation, recipe, Accelerator(cpu=True), **options | more)


def test_what_was_interrupted_ends_as_if_it_had_not_been(text: Path, tmp_path: Path) -> None:
    whole = trainer(text, tmp_path / "whole")
    whole.run(every=5)
    first = trainer(text, tmp_path / "cut")
    keep, first._keep = first._keep, lambda: (keep(), _stop(first))
    with pytest.raises(KeyboardInterrupt):
        first.run(every=5)
    again = trainer(text, tmp_path / "cut")
    again.run(every=5)
    assert [row.step for row in again.progress.history] == [row.step for row in whole.progress.history]
    losses = [[row.validation_loss for row in one.progress.history] for one in (whole, again)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def _stop(training: Trainer) -> None:
    if training.progress.step >= 10:
        raise KeyboardInterrupt


def test_two_processes_train_as_one(text: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'training')!r}]\n"
        "from tests.training.test_train_translator import trainer\n"
        "one = trainer(Path(sys.argv[1]), Path(sys.argv[2]), dropout=0.0)\n"
        "one.run(every=10)\n"
        "if one.accelerator.is_main_process:\n"
        "    print('LOSSES', [row.validation_loss for row in one.progress.history])\n",
        encoding="utf-8",
    )
    # The vocabulary is there before two want to make it.
    trainer(text, tmp_path / "run")
    losses = []
    for count in (1, 2):
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(count), str(program)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        ended = subprocess.run(
            [*command, str(text), str(tmp_path / "run")], env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr[-3000:]
        said = next(line for line in ended.stdout.splitlines() if line.startswith("LOSSES"))
        losses.append(json.loads(said.removeprefix("LOSSES")))
        (tmp_path / "run" / "checkpoints" / "checkpoint.pt").unlink(missing_ok=True)
    assert losses[0] == pytest.approx(losses[1], abs=2e-3)


def test_nothing_that_is_measured_on_is_learned(text: Path, tmp_path: Path) -> None:
    pairs, _ = read_training(text)
    held_out = {key(side) for pair in all_pairs("en")[::7] for side in pair}
    assert not {key(side) for pair in pairs for side in (pair.source, pair.target)} & held_out
    assert len({pair.source for pair in pairs if pair.language == "fa"}) > 100


def test_repeated_pairs_lose_their_punctuation_every_second_time(text: Path) -> None:
    pairs, _ = read_training(text)
    sources = {pair.source for pair in pairs if pair.language == "fa"}
    assert "من 3 سگ می‌خواهم." in sources and "من 3 سگ می‌خواهم" in sources


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("it 's good , is n't it ?", "很好，不是吗？"),
        ("Only in English", "Only in English"),
        ("你好", "你好"),
        ("A very long sentence that says a lot about many things of this world.", "短。"),
        ("12", "12"),
    ],
)
def test_pairs_are_cleaned_or_left_out(source: str, target: str) -> None:
    pair = clean(source, target, "en", "talk")
    assert (pair.source if pair else None) == ("it's good, isn't it?" if source.startswith("it") else None)


def test_targets_are_simplified_and_have_no_spaces_between_letters() -> None:
    assert clean("The weather.", "天氣 很 好 。", "en", "talk").target == "天气很好。"


def test_missing_files_and_rows_are_named(text: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(TextError, match="without it nobody knows what must not be learned"):
        read_training(tmp_path)
    copy = make_text(tmp_path / "text")
    broken = copy / COLLECTIONS[0].file
    broken.write_text(broken.read_text(encoding="utf-8") + "only one column\n", encoding="utf-8")
    rows = len(broken.read_text(encoding="utf-8").splitlines())
    assert train_translator.main(arguments(copy, tmp_path / "run")) == 1
    assert f"Row {rows} of {broken} has no second column." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_vocabulary_is_one_that_transformers_reads_alike(trained: Path) -> None:
    encoder, tokenizer = Encoder(trained), load_tokenizer(trained)
    assert (encoder.end, encoder.pad, encoder.unknown) == (0, 1, 2)
    for source in ("i have 3 cats.", "من 5 کتاب دارم", "schön ☂ i've"):
        assert encoder.encode([source], "talk")[0] == tokenizer(">>talk<<" + source).input_ids
    (target,) = encoder.encode(["我有3个猫。"])
    assert encoder.decode(target) == tokenizer.decode(target, skip_special_tokens=True) == "我有3个猫。"
    assert not np.any(np.array(target) == encoder.unknown)
