"""The Space: settings, services, tabs, launch. Importing it loads no weights, unless on a ZeroGPU Space."""

import os

# Gradio reads these when it is imported: nothing of a visit is sent to anybody, nor kept beyond it.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
if __name__ == "__main__":
    from tabs.own_folder import use_own_folder

    use_own_folder()

import logging
from pathlib import Path
from threading import Thread

import gradio as gr

import zero_gpu
from najva.services import Services
from najva.settings import SettingError, Settings
from tabs import about, addresses, chinese, doors, endpoints, live, look, music, speech
from tabs.uploads import Uploads


def build(services: Services) -> gr.Blocks:
    """Lay out the page and its endpoints.

    Args:
        services: the models; none is loaded here.
    """
    with gr.Blocks(title="Najva", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        uploads = Uploads(page, (Path(__file__).parent / "examples").rglob("*.mp3"))
        look.header(page, services)
        with gr.Tab("Speech"):
            speech.build(services, uploads)
        with gr.Tab("Chinese"):
            chinese.build(page, services, uploads)
        with gr.Tab("Live", elem_id="live-tab"):
            live.build(services)
        with gr.Tab("Music"):
            music.build(page, services, uploads)
        with gr.Tab("About") as tab:
            about.build(services, tab)
        endpoints.build(page, services, uploads)
    addresses.fetch_within_limits(page, services.settings.max_bytes)
    # No call passes the queue by: as on a Space, where this is Gradio's default.
    page.queue(max_size=services.settings.max_queue, api_open=False)
    uploads.forget_unanswered()
    return page


try:
    settings = Settings.from_environment()
    services = zero_gpu.services_with_gpu(settings) if zero_gpu.is_here() else Services(settings)
except SettingError as error:
    raise SystemExit(str(error)) from None
demo = build(services)

if __name__ == "__main__":
    logging.getLogger("httpx").setLevel(logging.WARNING)
    Thread(target=services.warm_up, daemon=True).start()
    demo.launch(**doors.launch_options(demo, services.settings), **look.launch_options())
