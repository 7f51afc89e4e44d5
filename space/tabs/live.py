"""The live tab."""

from najva.services import Services


def build(services: Services) -> None:
    """Lay out the tab."""
