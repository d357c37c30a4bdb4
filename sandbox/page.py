"""The frame of the few pages a stand-in shows to people. Start at `page`; the looks are in `page.css`."""

from html import escape
from pathlib import Path

from aiohttp import web

_CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def page(title: str, body: str, *, refresh: int | None = None, back: tuple[str, str] | None = None) -> str:
    """Put a whole page around a body that is already HTML."""
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    link = f'<a href="{escape(back[0])}">{escape(back[1])}</a>' if back else ""
    return (
        '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{again}<title>{escape(title)}</title><style>{_CSS}</style></head>"
        f"<body><header><h1>{escape(title)}</h1>{link}</header><main>{body}</main>"
        "<footer>演示用的替身系统，单位和电话都是编的。</footer></body></html>"
    )


def shown(html: str, status: int = 200) -> web.Response:
    """Answer with a page."""
    return web.Response(text=html, content_type="text/html", status=status)
