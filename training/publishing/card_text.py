"""Templates of cards, filled in and checked: what a record lacks is an error, and so is what only the card has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from huggingface_hub import CardData, DatasetCard, ModelCard

from publishing.card_numbers import foreign_numbers

TEMPLATES = Path(__file__).parents[2] / "hub_cards"


class CardError(ValueError):
    """A card that cannot be written, as the record lacks something; the sentence says what, and which job adds it."""


def write_card(
    name: str,
    metadata: CardData,
    context: Mapping[str, Any],
    record: Mapping[str, Any],
    names: Sequence[str],
    form: type[ModelCard] | type[DatasetCard],
) -> str:
    """Render a card and read it again, as the Hub will.

    Args:
        name: of the template, in `hub_cards/`.
        metadata: of the front matter.
        context: what the template names.
        record: every number that the card may state.
        names: texts besides the record's that may hold digits.
        form: reads the card.

    Raises:
        CardError: the record lacks what the template needs, or the card states what the record does not hold.
    """
    try:
        body = template(name).render(**context)
    except (jinja2.UndefinedError, TypeError, KeyError) as error:
        raise CardError(f"The card cannot be written, as the record lacks something: {error}.") from error
    text = f"---\n{metadata.to_yaml()}\n---\n\n{body}"
    if form(text).data.to_dict() != metadata.to_dict():
        raise CardError("The card's metadata are not the same when they are read again.")
    if foreign := foreign_numbers(text, record, *names):
        raise CardError(f"The card would state numbers that its record does not hold: {', '.join(foreign[:5])}.")
    return text


def template(name: str) -> jinja2.Template:
    """Return a template of `hub_cards/`; a name that it uses and does not get is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": _percent, "points": _points, "persian": _persian, "cell": _cell}
    environment.globals |= {"interval": _interval}
    return environment.get_template(name)


def _percent(value: float | None) -> str:
    """A share, as 9.15; a figure that no clip is left for has none."""
    return "–" if value is None else f"{100 * value:.2f}"


def _points(value: float | None) -> str:
    """A difference of shares, as −1.20, with the sign of mathematics rather than a hyphen."""
    return "–" if value is None else f"{100 * value:+.2f}".replace("-", "−")


def _interval(values: Mapping[str, Any], figure: str, *, signed: bool = False) -> str:
    """The bounds of a figure's interval."""
    low, high = values[f"{figure}_low"], values[f"{figure}_high"]
    if low is None or high is None:
        return "–"
    show = _points if signed else _percent
    return f"{show(low)} to {show(high)}"


def _persian(value: object) -> str:
    """A number in Persian digits."""
    return str(value).translate(str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫"))


def _cell(value: object) -> str:
    """Text that stays inside its cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")
