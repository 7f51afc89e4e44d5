"""The page's colours and its typeface: teal ink and turquoise on warm paper, Persian set in Vazirmatn."""

from pathlib import Path

import gradio as gr
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

_PAPER = "#fbf9f4"
_TURQUOISE = gr.themes.Color(
    name="turquoise",
    c50="#edf9f7",
    c100="#d2f1ec",
    c200="#a7e2da",
    c300="#72cdc3",
    c400="#3fb1a7",
    c500="#1f958c",
    c600="#147871",
    c700="#11615c",
    c800="#124e4a",
    c900="#13413e",
    c950="#052624",
)
# Vazirmatn's letters of the Arabic script, in every weight, under the SIL Open Font License (OFL.txt beside it); the
# rest is set by the reader's own system. No request leaves for another host.
_TYPEFACE = Path(__file__).parent / "fonts" / "vazirmatn-arabic.woff2"
_FONTS = ("Vazirmatn", "system-ui", "Segoe UI", "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "Tahoma")
# The browser fetches it for a page that shows such letters. An address without a host or a leading slash: an app may be
# served under a path of its own.
TYPEFACE_RULE = (
    f'@font-face {{ font-family: Vazirmatn; src: url("{_TYPEFACE.name}") format("woff2"); font-weight: 100 900; '
    "font-display: swap; unicode-range: U+0600-06FF, U+0750-077F, U+08A0-08FF, U+200C-200E, U+FB50-FDFF, U+FE70-FEFC; }"
)


def _send_typeface(request: Request) -> FileResponse:
    return FileResponse(_TYPEFACE, media_type="font/woff2", headers={"Cache-Control": "public, max-age=31536000"})


TYPEFACE_ROUTE = Route(f"/{_TYPEFACE.name}", _send_typeface)


def build() -> gr.themes.Base:
    """Return the theme, light and dark."""
    theme = gr.themes.Soft(
        primary_hue=_TURQUOISE,
        neutral_hue="stone",
        radius_size="lg",
        font=[*_FONTS, "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    # Soft's own colour under white letters, and on a pale one, has a contrast below 3; these reach the 4.5 of WCAG 2.2.
    return theme.set(
        body_background_fill=_PAPER,
        # As in Soft: a second `set` would put white in its place.
        background_fill_primary=_PAPER,
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_label_text_color="*primary_800",
        block_title_text_color="*primary_800",
        # Plain labels: a coloured chip at each of them would draw the eye away from the buttons.
        block_label_background_fill="none",
        block_label_background_fill_dark="none",
        block_label_border_width="0",
        block_label_border_width_dark="0",
        block_label_shadow="none",
        block_title_background_fill="none",
        block_title_background_fill_dark="none",
        block_title_padding="0",
        block_title_text_size="*text_md",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        # WCAG asks for 3 of what is pressed.
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        checkbox_label_background_fill_selected="*primary_700",
        checkbox_label_background_fill_selected_dark="*primary_700",
    )
