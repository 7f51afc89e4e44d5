"""How the app is opened to visitors: what Gradio's `launch` is told of limits, login and privacy."""

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.state_holder import SessionState
from starlette.middleware import Middleware

from najva.settings import Settings
from tabs.callers import tell_faults_in_words
from tabs.guard import Guard, note_begun_files, refuse_other_form
from tabs.login import Login
from tabs.theme import TYPEFACE_ROUTE

# Visitors whose state Gradio keeps; the longest absent goes. It is 10,000 by default, of half a megabyte each.
_SESSIONS = 200


def keep_no_values() -> None:
    """Keep nothing of what a visitor sees or sends in the server's memory.

    Gradio 6.31 holds each component's last value until 200 others have come, though the visitor has left: for its deep
    links, whose door is shut here.
    """
    SessionState._update_value_in_config = lambda state, component, value: None


def launch_options(page: gr.Blocks, settings: Settings) -> dict:
    """Return what `launch()` needs to know of who may do what.

    Args:
        page: which is launched.
        settings: limits and accounts.
    """
    tell_faults_in_words()
    keep_no_values()
    note_begun_files()
    doors = [
        Middleware(Guard, max_bytes=settings.max_bytes, max_upload_bytes=settings.max_upload_bytes),
        Middleware(Login, accounts=settings.auth, page=page),
    ]
    return {
        "max_file_size": settings.max_bytes,
        "auth": list(settings.auth) or None,
        "app_kwargs": {
            "middleware": doors,
            "exception_handlers": {RequestValidationError: refuse_other_form},
            "routes": [TYPEFACE_ROUTE],
        },
        "state_session_capacity": _SESSIONS,
        "mcp_server": True,
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": ["api", "settings"],
    }
