"""Cards: true to their record to the last digit, valid on the Hub, and refused where the record does not bear them."""

import copy
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from huggingface_hub import ModelCard, SpaceCard
from made_runs import change_record, half_right, make_run, measure, nothing_right, one_wrong

from embed_persian import LICENCE, PLACE
from evaluation.clip_counts import FIGURES
from najva.pretrained import Hub, find_checkpoint
from najva.services import Role
from publishing import card_text
from publishing.card_numbers import foreign_numbers
from publishing.card_text import CardError
from publishing.cards import DEFAULTS, CardOptions, model_card, preload_entry, space_card
from publishing.measured import KINDS, kinds_of, measured_values
from publishing.run_folder import place_of, update_run_folder
from publishing.staging import card_options, stage_model
from run_record import read_record
from sheets.speech_data import load_speech
from tabs.about import figures
from tabs.look import demonstration
from tests.hub.cards import check_card

ROOT = Path(__file__).parents[3]
NAME = "reza/tiny-fa"


def card(run: Path, kind: str = "adapter", **options: object) -> str:
    """The card of a run's model."""
    siblings = {"adapter": NAME, "merged": f"{NAME}-merged"}
    given = {"repository": NAME, "siblings": siblings, "figures": ["history.png"]} | options
    return model_card(read_record(run), KINDS[kind], CardOptions(**given))


@pytest.mark.parametrize(
    ("tuning", "kind", "relation", "library"),
    [
        ("lora", "adapter", "adapter", "peft"),
        ("lora", "merged", "merge", "transformers"),
        ("full", "full", "finetune", "transformers"),
    ],
)
def test_metadata_are_what_the_hub_wants(
    finished_runs: Path, tuning: str, kind: str, relation: str, library: str
) -> None:
    run = finished_runs / tuning
    text = card(run, kind, dataset="reza/made-46")
    assert check_card(text, "model") == ([], [])
    data = ModelCard(text).data
    assert ModelCard(str(ModelCard(text))).data.to_dict() == data.to_dict()
    assert (data.base_model, data.base_model_relation) == ("najva-tester/tiny-whisper-v3", relation)
    assert (data.library_name, data.pipeline_tag) == (library, "automatic-speech-recognition")
    assert (data.language, data.license, data.datasets) == (["fa"], "mit", ["reza/made-46"])
    assert data.metrics == ["wer", "cer"] and ("lora" in data.tags) == (tuning == "lora")
    assert data.model_name == "tiny-fa"
    own = read_record(run)["evaluation"]["systems"]["merged" if kind == "merged" else "tuned"]
    found = {result.metric_name: result for result in data.eval_results}
    assert found["Mean per-clip WER, %, fa-v1"].metric_value == round(100 * own["mean_clip_wer"], 2)
    assert found["Corpus WER, %, fa-v1"].metric_value == round(100 * own["wer"], 2)
    assert found["CER, %, fa-v1"].metric_value == round(100 * own["cer"], 2)
    for result in found.values():
        assert (result.dataset_split, result.dataset_type) == ("test", "reza/made-46")
        assert result.metric_args["normalizer"] == "fa-v1" and result.metric_args["clips"] == own["clips"]
        assert not result.verified


def test_base_and_tuned_stand_side_by_side(lora_run: Path) -> None:
    record, text = read_record(lora_run), card(lora_run)
    systems, comparison = record["evaluation"]["systems"], record["evaluation"]["comparison"]
    for figure, name in FIGURES.items():
        (row,) = re.findall(rf"^\| \*{{0,2}}{re.escape(name)}\*{{0,2}} \|.*$", text, re.MULTILINE)
        cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
        for cell, system in zip(cells, ("base", "tuned", "merged"), strict=False):
            value, low, high = (100 * systems[system][f"{figure}{bound}"] for bound in ("", "_low", "_high"))
            assert cell == f"{value:.2f} ({low:.2f} to {high:.2f})"
    difference = f"{100 * comparison['mean_clip_difference']:+.2f}".replace("-", "−")
    assert f": {difference} points, 95 % interval" in text
    for stated in (
        record["data"]["split_sha256"],
        "ctranslate2 in int8",
        "500 replicates",
        "transformers 5.23.0",
        "A processor, 2 cores, no GPU",
        "seed 7",
        "0.011 hours",
        "fp32",
        "1.23 million parameters",
        "`fa-joined`",
        "python -m najva transcribe",
        "figures/history.png",
        f"{NAME}-merged",
    ):
        assert stated in text, stated


@pytest.mark.parametrize(
    ("base", "tuned", "words"),
    [
        (nothing_right, half_right, "**Better than its base.**"),
        (half_right, nothing_right, "**Worse than its base.**"),
        (half_right, half_right, "**No clear difference from its base.**"),
    ],
)
def test_the_verdict_is_the_comparisons(run: Path, data: Path, base, tuned, words: str) -> None:
    measure(run, load_speech(data).clips("train"), base=base, tuned=tuned, merged=tuned)
    text = card(run, "adapter" if run.name == "lora" else "full")
    assert words in text
    assert ("do not show that tuning helped" in text) == ("No clear" in words)
    assert ("به‌روشنی از پایهٔ خود بهتر است" in text) == ("Better" in words)


def test_a_persian_reader_is_told_first(lora_run: Path) -> None:
    text = card(lora_run)
    assert text.index('<div dir="rtl" lang="fa">') < text.index("## Before and after")
    before, after = (
        read_record(lora_run)["evaluation"]["systems"][name]["mean_clip_wer"] for name in ("base", "tuned")
    )
    for share in (before, after):
        assert f"{100 * share:.2f}٪".translate(str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")) in text


def test_a_number_that_is_not_in_the_record_cannot_appear(
    lora_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = shutil.copytree(card_text.TEMPLATES, tmp_path / "templates")
    monkeypatch.setattr(card_text, "TEMPLATES", templates)
    assert card(lora_run)
    with (templates / "model.md.jinja").open("a", encoding="utf-8") as file:
        file.write("In our own tests it made 12.34 % errors.\n")
    with pytest.raises(CardError, match=r"numbers that its record does not hold: 12\.34"):
        card(lora_run)


def test_every_number_of_a_card_depends_on_its_record(lora_run: Path) -> None:
    text, record = card(lora_run), read_record(lora_run)
    names = (NAME, f"{NAME}-merged")
    assert not foreign_numbers(text, record, *names)
    other = copy.deepcopy(record)
    for values in (*other["evaluation"]["systems"].values(), other["evaluation"]["comparison"]):
        for figure in FIGURES:
            values[figure] += 0.0123
        # Under the chosen rule they stand there once more.
        values.pop("conventions", None)
        values.pop("difference_conventions", None)
    other["evaluation"]["comparison"]["other"] = other["evaluation"]["systems"]["tuned"]
    assert len(foreign_numbers(text, other, *names)) > len(FIGURES)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("91.48 %", []),
        ("91.5 %", []),
        ("91.49 %", ["91.49"]),
        ("91 %", ["91"]),
        ("۹۱٫۴۸٪", []),
        ("5e-05 at its peak", []),
        ("6e-05", ["6e-05"]),
        ("5e-06", ["5e-06"]),
        ("۹۱٫۵۸٪", ["۹۱٫۵۸"]),
        ("10,000 replicates", []),
        ("10,001 replicates", ["10,001"]),
        ("−7.07 points", []),
        ("4.33 million", []),
        ("torch 2.13.0+cpu", []),
        ("torch 2.14.0+cpu", ["2.14.0+cpu"]),
        ("hash cd8bb6d5", []),
        ("hash ffff0000", ["ffff0000"]),
        ("| 9 | **12** |", ["12"]),
        ("```python\nx = 12\n```\n13", ["13"]),
        ("model whisper-7 of reza", []),
        ("[x](https://huggingface.co/reza/whisper-7)", []),
        ("[x](https://huggingface.co/reza/whisper-8)", ["https://huggingface.co/reza/whisper-8"]),
        ("2026-11-25", []),
        ("5", ["5"]),
    ],
)
def test_numbers_are_compared_as_they_are_shown(text: str, foreign: list[str]) -> None:
    record = {
        "wer": 0.91475,
        "replicates": 10000,
        "difference": -0.07066,
        "learning_rate": 5e-05,
        "parameters": 4325376,
        "clips": 9,
        "torch": "2.13.0+cpu",
        "sha256": "cd8bb6d5e082",
        "finished": "2026-11-25T00:34:32+00:00",
    }
    assert foreign_numbers(text, record, "reza/whisper-7") == foreign


@pytest.mark.parametrize("rate", [3e-5, 1.5e-05, 1e-3, 0.00025])
def test_any_learning_rate_may_stand_on_a_card(run: Path, rate: float) -> None:
    """The default of a full tuning is 3e-05."""

    def change(record: dict) -> None:
        record["options"]["learning_rate"] = record["training"]["learning_rate"] = rate

    change_record(run, change)
    assert f"{rate:g} at its peak" in card(run, "adapter" if run.name == "lora" else "full")


def test_templates_hold_no_number_of_their_own() -> None:
    for path in (ROOT / "hub_cards").glob("*.jinja"):
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|^```.*?^```", "", path.read_text("utf-8"), flags=re.S | re.M)
        assert not re.findall(r".*\d.*", text.replace("sha256", "")), path.name


def _drop(*keys: str):
    def change(record: dict) -> None:
        for key in keys[:-1]:
            record = record[key]
        del record[keys[-1]]

    return change


def _set(value: object, *keys: str):
    def change(record: dict) -> None:
        for key in keys[:-1]:
            record = record[key]
        record[keys[-1]] = value

    return change


_SYSTEMS = ("evaluation", "systems")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_drop("evaluation"), "evaluate_whisper.py adds it"),
        (_drop("training"), "finetune_whisper.py adds it"),
        (_drop(*_SYSTEMS, "base"), "base model was not measured"),
        (_drop(*_SYSTEMS, "tuned"), "tuned model was not measured"),
        (_set(1, *_SYSTEMS, "tuned", "made_with", "clips"), "measured on 1 test clips, not on all 8"),
        (_set("validation", *_SYSTEMS, "base", "made_with", "part"), "measured on 8 validation clips"),
        (_set("f" * 64, *_SYSTEMS, "tuned", "made_with", "split_sha256"), "another split"),
        (_set(5, *_SYSTEMS, "tuned", "made_with", "decode", "beam_size"), "not decoded and scored alike"),
        (_set("raw", *_SYSTEMS, "tuned", "normalizer"), "not decoded and scored alike"),
        (_set(None, *_SYSTEMS, "base", "cer"), "lacks the CER"),
        (_set(0.01, *_SYSTEMS, "tuned", "wer"), "not compared on their last figures"),
        (_drop("evaluation", "comparison"), "not compared"),
        (_set("2026-11-23T00:00:00+00:00", "evaluation", "finished"), "trained on after it was measured"),
        (_drop("evaluation", "comparison", "cer_difference"), "lacks something"),
        (_drop("training", "hardware"), "lacks something"),
        (_set("", "base", "licence"), "--licence"),
    ],
)
def test_what_the_record_does_not_bear_is_refused(lora_run: Path, change, sentence: str) -> None:
    change_record(lora_run, change)
    with pytest.raises(CardError, match=re.escape(sentence)) as refused:
        card(lora_run)
    assert "\n" not in str(refused.value)


def test_a_licence_that_is_given_stands(lora_run: Path) -> None:
    change_record(lora_run, _set("", "base", "licence"))
    assert ModelCard(card(lora_run, licence="apache-2.0")).data.license == "apache-2.0"


def test_synthetic_speech_is_called_so_wherever_it_shows(tiny: Path, data: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tiny, data, "lora", speech="synthetic", merged=one_wrong)
    text = card(run, "merged")
    found = ModelCard(text).data
    assert "synthetic-speech" in found.tags
    assert {result.dataset_name for result in found.eval_results} == {"made (synthetic speech)"}
    assert "> **Synthetic speech.**" in text and "ساختگی" in text and "fa+f2, fa+m3" in text
    assert "recorded speech" not in text
    measured = measured_values(read_record(run), KINDS["merged"])
    assert measured["speech"] == "synthetic" and "synthetic speech" in measured["figures"][0]["set"]


def test_recorded_speech_is_not_called_synthetic(lora_run: Path) -> None:
    text = card(lora_run)
    assert "ynthetic" not in text and "ساختگی" not in text and "recorded speech" in text


def test_an_adapter_of_a_base_that_nobody_else_has_is_refused(lora_run: Path) -> None:
    change_record(lora_run, _set("/somewhere/tiny", "base", "name"))
    with pytest.raises(CardError, match="publish the base first"):
        card(lora_run)
    merged = ModelCard(card(lora_run, "merged")).data
    assert "base_model" not in merged.to_dict() and "base_model_relation" not in merged.to_dict()


def test_the_card_names_other_recordings_and_what_was_forgotten(lora_run: Path) -> None:
    change_record(lora_run, lambda record: record["data"]["source"].update(speech="synthetic"))
    assert "**not measured** after tuning" in card(lora_run)
    assert "nothing of what it does with a person's" in card(lora_run)
    evaluation = read_record(lora_run)["evaluation"]
    systems = {name: evaluation["systems"][name] for name in ("base", "tuned")}
    systems["tuned"] = systems["tuned"] | {"mean_clip_wer": 0.4321, "normalizer": "basic"}
    english = {"language": "en", "speech": "as recorded", "longest_seconds": 102.0, "systems": systems}
    sheets = {"English readings": english | {"comparison": evaluation["comparison"]}}
    change_record(lora_run, lambda record: record.update(sheets=sheets))
    text = card(lora_run)
    other = text.partition("### Other recordings")[2].partition("## How it was measured")[0]
    assert "| English readings | en | as recorded | 8 |" in other and "43.21" in other
    assert "cut at its pauses" in other and "what tuning forgot" in other and "not measured" not in other
    # English of people says nothing of Persian of people.
    assert "nothing of what it does with a person's" in text
    few = evaluation["comparison"] | {"warnings": ["The intervals rest on 2 groups; from so few they come out narrow."]}
    persian = english | {"language": "fa", "comparison": few}
    change_record(lora_run, lambda record: record.update(sheets=sheets | {"readings": persian}))
    text = card(lora_run)
    assert "what it does with people's stands under *Other recordings*" in text
    assert "*readings:* The intervals rest on 2 groups" in text
    assert "<bdi>readings</bdi>" in text and "۴۳٫۲۱٪" in text


def test_the_card_names_speech_that_was_mixed_in(lora_run: Path) -> None:
    others = {"clips": 40, "hours": 0.125, "split_sha256": "9f" * 32, "name": "spoken sheet"}
    others |= {"source": {"speech": "synthetic", "engine": "espeak-ng", "version": "1.51", "workbook": "big.xlsx"}}
    change_record(lora_run, lambda record: record["data"].update(others=others))
    change_record(lora_run, lambda record: record["data"]["source"].update(notes="No licence is stated."))
    change_record(lora_run, lambda record: record["options"].update(others_share=0.4))
    data = card(lora_run).partition("## Data")[2]
    assert "40 clips (0.125 h) of **spoken sheet**, **synthetic** speech by espeak-ng 1.51" in data
    assert "40 % of every" in data and "big.xlsx" in data and "No licence is stated." in data


def test_a_training_that_went_on_from_an_adapter_says_so(lora_run: Path) -> None:
    earlier = {"reference": "embedded:persian-adapter", "sha256": "3b" * 32, "hours": 1.375, "same_split": True}
    change_record(lora_run, lambda record: record.update(init_adapter=earlier))
    (row,) = [line for line in card(lora_run).splitlines() if line.startswith("| goes on from |")]
    assert "`embedded:persian-adapter`" in row and "3b" * 32 in row and "1.375 hours" in row
    assert "may have heard test clips" not in row
    change_record(lora_run, lambda record: record.update(init_adapter=earlier | {"hours": None, "same_split": False}))
    (row,) = [line for line in card(lora_run).splitlines() if line.startswith("| goes on from |")]
    assert "hours" not in row and "may have heard test clips" in row


def test_the_card_counts_the_clips_that_chose_the_checkpoint(lora_run: Path) -> None:
    assert "the checkpoint was chosen on 2 others" in card(lora_run)
    change_record(lora_run, lambda record: record["options"].update(validation_clips=1))
    assert "the checkpoint was chosen on 1 others" in card(lora_run)


def test_two_models_that_do_not_agree_are_not_published(lora_run: Path) -> None:
    change_record(lora_run, lambda record: record["evaluation"].update(merged_agrees=1))
    with pytest.raises(CardError, match="same text on only 1 of 8 clips"):
        card(lora_run)


def test_a_run_whose_updates_were_scaled_says_so(lora_run: Path) -> None:
    scaled = {"strength": 0.7, "of": "lora", "sha256": "4c" * 32}
    change_record(lora_run, lambda record: record.update(scaled=scaled))
    (row,) = [line for line in card(lora_run).splitlines() if line.startswith("| strength |")]
    assert "counts for 0.7 of itself" in row and "4c" * 32 in row
    (kept,) = [line for line in card(lora_run).splitlines() if line.startswith("| checkpoint kept |")]
    assert kept.endswith("before it was drawn back |")


def test_the_card_shows_the_trials_and_counts_the_looks_at_the_test(lora_run: Path) -> None:
    row = {"trial": "a", "options": "--minutes 9", "hours": "0.15", "long_base": "88.6", "long_tuned": "72.9"}
    rows = [row | {"looked_at_people": ""}, row | {"trial": "b", "looked_at_people": "2026-11-25"}]
    notes = "Rank was not varied."
    trials = {"selection": ["long"], "tests": ["read-people"], "looks": 1, "rows": rows, "notes": notes}
    change_record(lora_run, lambda record: record.update(trials=trials))
    text = card(lora_run).partition("### Trials")[2]
    assert "read-people were decoded once" in text and notes in text
    assert "| a | `--minutes 9` | 0.15 | 88.6 → 72.9 | no |" in text and "| 2026-11-25 |" in text


def test_an_embedded_model_that_errs_often_is_called_a_demonstration(lora_run: Path) -> None:
    def role(source: str, speech: str, wer: float) -> Role:
        own = {
            "set": "people",
            "system": "tuned",
            "language": "fa",
            "speech": speech,
            "metric": "mean WER",
            "value": wer,
            "clips": 3,
        }
        base = own | {"set": "base", "system": "base", "value": 0.99}
        other = own | {"set": "speaker", "speech": "synthetic", "value": 0.45}
        english = own | {"set": "english", "speech": "as recorded", "language": "en", "value": 0.95}
        found = SimpleNamespace(source=source, reference="x", measured={"figures": [base, own, other, english]})
        return Role("persian", "speech in Persian", "it comes with the app", found)

    assert role("embedded", "as recorded", 0.41).is_demonstration
    assert not role("embedded", "as recorded", 0.39).is_demonstration
    # Without figures on people's speech the others count.
    assert role("embedded", "synthetic", 0.2).is_demonstration  # by the 45 % of the other set
    assert not role("hub", "as recorded", 0.9).is_demonstration
    heard = role("embedded", "as recorded", 0.614)
    told = "A demonstration: of a hundred words of real people it got 61 wrong in its test."
    assert demonstration(heard) == told
    listed = figures(heard.checkpoint.measured)
    assert "people: mean WER&nbsp;61&nbsp;%" in listed and "45" not in listed
    told = demonstration(role("embedded", "synthetic", 0.2))
    assert "of a hundred words of a synthetic voice it got 45 wrong in its test." in told


def test_the_page_shows_what_was_measured(lora_run: Path) -> None:
    record = read_record(lora_run)
    measured = measured_values(record, KINDS["adapter"])
    (lora_run / "adapter" / "measured.json").write_text(json.dumps(measured), "utf-8")
    found = find_checkpoint(str(lora_run / "adapter"), Hub(offline=True), Path())
    assert found.measured == measured
    line = figures(found.measured)
    tuned, base = (record["evaluation"]["systems"][name]["mean_clip_wer"] for name in ("tuned", "base"))
    assert f"Persian, 8 test clips of made: mean WER&nbsp;{100 * tuned:.0f}&nbsp;%" in line
    assert f"najva-tester/tiny-whisper-v3 untuned: mean WER&nbsp;{100 * base:.0f}&nbsp;%" in line


def test_a_model_that_was_measured_on_some_clips_only_is_shown_as_unmeasured(run: Path) -> None:
    """An evaluation that ends with a few clips takes away what an earlier one said."""
    folders = [run / "adapter", run / "merged"] if run.name == "lora" else [run]
    update_run_folder(run)
    assert all(json.loads((folder / "measured.json").read_text("utf-8"))["figures"] for folder in folders)
    assert (run / "README.md").is_file()
    change_record(run, _set(1, *_SYSTEMS, "base", "made_with", "clips"))
    said = []
    update_run_folder(run, said.append)
    assert not any((folder / "measured.json").exists() for folder in folders)
    assert not (run / "README.md").exists()
    assert len(said) == 1 and "no card yet" in said[0] and "measured on 1 test clips" in said[0]


def test_the_card_is_the_merged_model_s_where_nobody_else_has_the_base(lora_run: Path) -> None:
    change_record(lora_run, _set("/somewhere/tiny", "base", "name"))
    update_run_folder(lora_run)
    found = ModelCard.load(lora_run / "README.md")
    assert found.data.library_name == "transformers" and "holds the **whole model**" in found.text


def test_a_run_folder_holds_its_card(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is published, but for names: the folder is the model's, and the snippet works as it stands."""
    monkeypatch.chdir(run.parent)
    update_run_folder(run)
    text, lora = (run / "README.md").read_text("utf-8"), run.name == "lora"
    assert check_card(text, "model") == ([], []) and ModelCard(text).data.model_name == run.name
    folder = f"./{run.name}/adapter" if lora else f"./{run.name}"
    assert f"NAJVA_ASR_PERSIAN={folder} " in text and f'"{folder}"' in text and "(figures/history.png)" in text
    assert ("./lora/merged is the whole model" in text) == lora and f"huggingface.co/{run.name}" not in text
    assert find_checkpoint(folder, Hub(offline=True), Path()).is_adapter == lora
    kinds = kinds_of(read_record(run))
    names = {kind.name: f"reza/{kind.name}" for kind in kinds}
    staged = stage_model(run, kinds[-1], run / "staged", names)
    published = (staged.folder / "README.md").read_text("utf-8")
    for kind in kinds:
        text = text.replace(f"./{run.name}/{kind.folder}".rstrip("/"), names[kind.name])
    # A repository has a link, and its name is the title.
    links = re.compile(r"\[(reza/\w+)\]\(https://huggingface.co/reza/\w+\)")
    assert (
        links.sub(r"\1", published)
        .replace(f"# {kinds[-1].name}\n", f"# {run.name}\n")
        .replace(f"- name: {kinds[-1].name}\n", f"- name: {run.name}\n")
        == text
    )
    monkeypatch.chdir(run)
    assert place_of(run.parent) == str(run.parent.resolve())


def test_the_embedded_adapters_card_is_that_of_its_record() -> None:
    folder, kind = ROOT / "space" / "embedded" / "persian-adapter", KINDS["adapter"]
    options = card_options(folder, kind, {kind.name: PLACE}, licence=LICENCE)
    text = (folder / "README.md").read_text("utf-8")
    assert text == model_card(read_record(folder), kind, options)
    assert (ROOT / PLACE).resolve() == folder and f'"{PLACE}"' in text and "huggingface.co/najva" not in text


def test_the_spaces_card_names_its_models_and_keeps_the_rest() -> None:
    before = (ROOT / "space" / "README.md").read_text("utf-8")
    text = space_card(before, {"NAJVA_ASR_PERSIAN": [f"{NAME}@{'ab' * 20}"]}, ["openai/whisper-base"])
    old, new = (yaml.safe_load(one.split("---")[1]) for one in (before, text))
    assert new.pop("models") == [NAME, "openai/whisper-base", *old.pop("models")]
    assert new == old and check_card(text, "space") == ([], [])
    assert "🗣️" in text and f"at [`{'ab' * 6}`]" in text
    assert SpaceCard(before).text.strip() in text


def test_the_spaces_card_preloads_what_is_at_work_and_nothing_else() -> None:
    before = (ROOT / "space" / "README.md").read_text("utf-8")
    (default,) = yaml.safe_load(before.split("---")[1])["preload_from_hub"]
    files = ["README.md", "model.safetensors", "pytorch_model.bin", "config.json", "figures/a.png", ".gitattributes"]
    entry = preload_entry(NAME, "ab" * 20, files)
    assert entry == f"{NAME} README.md,model.safetensors,config.json {'ab' * 20}"
    assert preload_entry(NAME, "ab" * 20, ["pytorch_model.bin", "config.json"]) == "", "its weights come another way"
    assert preload_entry(NAME, "ab" * 20, ["a b.json", "model.safetensors"]) == "", "a space ends the list of files"

    def front_matter(variable: str, preload: list[str], bases: tuple[str, ...] = ()) -> dict:
        text = space_card(before, {variable: [f"{NAME}@{'ab' * 20}"]}, bases, preload)
        assert check_card(text, "space") == ([], [])
        return yaml.safe_load(text.split("---")[1])

    persian = front_matter("NAJVA_ASR_PERSIAN", [entry, entry])
    assert persian["preload_from_hub"] == [entry, default]
    multilingual = front_matter("NAJVA_ASR_MODEL", [entry])
    assert multilingual["preload_from_hub"] == [entry]
    assert "openai/whisper-small" not in multilingual["models"]
    # A base by its own commit takes the place of the default; where it is the default's own, it stays among the models.
    base = f"openai/whisper-small model.safetensors {'cd' * 20}"
    adapted = front_matter("NAJVA_ASR_MODEL", [entry, base], ("openai/whisper-small",))
    assert adapted["preload_from_hub"] == [entry, base] and "openai/whisper-small" in adapted["models"]
    assert "NiuTrans/LMT-60-0.6B" not in front_matter("NAJVA_TRANSLATOR", [])["models"]


def test_the_spaces_card_names_what_the_space_takes_by_itself() -> None:
    data = yaml.safe_load((ROOT / "space" / "README.md").read_text("utf-8").split("---")[1])
    assert data["models"] == list(DEFAULTS.values())
    (entry,) = data["preload_from_hub"]
    assert entry.split()[0] == DEFAULTS["NAJVA_ASR_MODEL"] and len(entry.split()[2]) == 40
    assert check_card((ROOT / "space" / "README.md").read_text("utf-8"), "space") == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        "suggested_hardware: zero-h100",
        "python_version: '3.12-slim'",
        "preload_from_hub: [whisper]",
        f"preload_from_hub: [a/b {'ab' * 20} x]",
    ],
)
def test_a_card_that_the_hub_would_not_build_is_told(line: str) -> None:
    errors, _ = check_card(f"---\nsdk: gradio\n{line}\n---\n", "space")
    assert len(errors) == 1 and line.partition(":")[0] in errors[0]
