"""Lets a benchmark run as a program from anywhere: the project's folders go on the path."""

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / "space"), str(_ROOT / "training"), str(_ROOT)]
