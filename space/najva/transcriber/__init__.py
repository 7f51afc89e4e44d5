"""Speech to text: the behaviour once (`transcriber`), an engine a module behind one Protocol (`engine`)."""

from najva.transcriber.behaviour import Behaviour
from najva.transcriber.transcriber import TIMESTAMPS, Transcriber, Voice
from najva.transcriber.transcript import DetectedLanguage, Segment, Transcript, Word

__all__ = ["TIMESTAMPS", "Behaviour", "DetectedLanguage", "Segment", "Transcriber", "Transcript", "Voice", "Word"]
