"""The page on the models: what is loaded, from where, under which licence, and what it was measured to do."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import gradio as gr

from najva.pretrained import ModelError
from najva.services import Services
from tabs.look import demonstration, escape
from tabs.recordings import PRIVATE

_LOOKING = '<p class="najva-status">Looking for the models…</p>'
# Metrics told in points of a hundred; all others are shares.
_POINTS = ("chrF", "BLEU")
_SOURCES = {"hub": "from the Hub", "packaged": "from a package", "embedded": "comes with the app", "folder": "a folder"}
# What a card calls `other` has terms of its own.
_LICENCES = {"other": "see its card", "": "not stated"}
_REVISION_LENGTH = 12


def build(services: Services, tab: gr.Tab) -> None:
    """Lay out the page.

    Args:
        services: the models; asked when the page is looked at.
        tab: the tab that it is on.
    """
    shown = gr.HTML(_LOOKING, elem_id="about")
    tab.select(lambda: models(services), None, shown, queue=False, show_progress="hidden", **PRIVATE)


def models(services: Services) -> str:
    """Return every model in use, those of one task under its heading."""
    try:
        found = services.models()
    except ModelError as error:
        return f'<p class="najva-status najva-problem">{escape(str(error))}</p>'
    problems = "".join(f'<p class="najva-status najva-problem">{escape(one)}</p>' for one in services.problems)
    tasks = "".join(
        f"<h2>{escape(serves)}</h2>{''.join(_model(one, services) for one in rows)}"
        for serves, rows in groupby(found, key=lambda one: one["serves"])
    )
    return f'<div class="najva-about">{problems}{tasks}</div>'


def _model(one: dict, services: Services) -> str:
    name = f"<code>{escape(one['reference'])}</code>"
    if one["source"] == "hub":
        # The Hub's own page of it: a link is followed by who wants to, and nothing is asked of the Hub before.
        page = f"https://huggingface.co/{one['reference'].partition('@')[0]}"
        name = f'<a href="{escape(page)}" target="_blank" rel="noopener noreferrer">{name}</a>'
    facts = [escape(_SOURCES.get(one["source"], one["source"]))]
    if one["why"] not in ("the only one", "it comes with the app"):
        facts.append(escape(one["why"]))
    terms = f"<dt>Licence</dt><dd>{escape(_LICENCES.get(one['licence'], one['licence']))}</dd>"
    if one["base"]:
        terms += f'<dt>Made from</dt><dd translate="no">{escape(one["base"])}</dd>'
    terms += f"<dt>Revision</dt><dd><code>{escape(one['revision'][:_REVISION_LENGTH])}</code></dd>"
    caution = demonstration(services.role_of(one["reference"]))
    told = f"<p><b>{caution}</b></p>" if caution else ""
    reasons = " · ".join(f"<span>{fact}</span>" for fact in facts)
    return f"<article><h3>{name}</h3><p>{reasons}</p>{told}<dl>{terms}</dl>{figures(one['measured'])}</article>"


def figures(measured: dict) -> str:
    """Return what a model was measured to do, and by which command."""
    rows = measured.get("figures", ())
    if not rows:
        return "<p>Not measured by this project.</p>"
    # What it does with people's speech says more than what it does with a synthesiser's.
    recorded = [row for row in rows if row.get("speech") == "as recorded" and row["metric"] == "mean WER"]
    items = "".join(
        f"<li>{escape(name)}: {', '.join(_value(row) for row in of_one)}</li>"
        for name, of_one in _by_set(recorded or rows)
    )
    command = f"<code>{escape(measured['command'])}</code>" if measured.get("command") else ""
    how = f"<details><summary>How it was measured</summary>{command}</details>" if command else ""
    return f'<ul translate="no" lang="en" dir="ltr">{items}</ul>{how}'


def _by_set(rows: Sequence[dict]) -> Iterable[tuple[str, list[dict]]]:
    sets: dict[str, list[dict]] = {}
    for row in rows:
        sets.setdefault(row["set"], []).append(row)
    return sets.items()


def _value(row: dict) -> str:
    unit = "" if row["metric"] in _POINTS else "&nbsp;%"
    return f"{escape(row['metric'])}&nbsp;{100 * row['value']:.0f}{unit}"
