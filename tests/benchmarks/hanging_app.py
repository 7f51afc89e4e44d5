"""The app with a model that hangs as long as the file `NAJVA_TEST_HANG` names is there, as a stuck driver would."""

import os
import runpy
import sys
import time
from pathlib import Path

SPACE = Path(__file__).parents[2] / "space"
sys.path.insert(0, str(SPACE))

from najva.transcriber.ctranslate2_engine import CTranslate2Engine  # noqa: E402

FLAG = Path(os.environ["NAJVA_TEST_HANG"])
encode = CTranslate2Engine.encode


def hang_or_encode(engine: CTranslate2Engine, *arguments):
    """Encode, but not before the file is gone."""
    while FLAG.exists():
        time.sleep(0.1)
    return encode(engine, *arguments)


CTranslate2Engine.encode = hang_or_encode
sys.argv = [str(SPACE / "app.py")]
runpy.run_path(sys.argv[0], run_name="__main__")
