"""Pages from templates: plain HTML that works without a script, loads nothing from elsewhere, and stays the same bytes
for the same content, so that it can be validated with an entity tag.

Their one style and one script are allowed by their hashes (CSP level 2): a nonce would differ on every answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.pages.words import Language, Words
from shared.http.page_headers import page_headers

_FRAME = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """Leads to the same page in another language."""

    language: Language
    name: str
    tag: str
    link: str


class Templates:
    """A service's own templates within the common frame; loads texts and templates once."""

    def __init__(
        self,
        folder: Path,
        name: str,
        words: Mapping[Language, Words],
        contact: str = "",
        forms: str = "'none'",
    ) -> None:
        """`folder` has `<name>.css`, which follows the common style, and `<name>.js`. `contact`: the address to which
        readers write; none when empty. `forms`: where its forms may go, as a source list of the policy."""
        self._words = words
        self._environment = Environment(
            loader=FileSystemLoader([folder, _FRAME]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = "".join(path.read_text(encoding="utf-8") for path in (_FRAME / "page.css", folder / f"{name}.css"))
        script = (folder / f"{name}.js").read_text(encoding="utf-8")
        self._environment.globals |= {
            "contact": contact,
            "style": Markup(style),  # noqa: S704  # our own files
            "script": Markup(script),  # noqa: S704
        }
        policy = page_headers(script=f"'{_hash(script)}'", style=f"'{_hash(style)}'", images="data:", forms=forms)
        self.headers = policy | {"X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language"}
        """The headers of every page."""

    def render(
        self,
        template: str,
        language: Language,
        keep: Mapping[str, str] | None = None,
        page_words: Words | None = None,
        **values: object,
    ) -> bytes:
        """The page in this language; `keep` are the query parameters that the links to the others need too,
        `page_words` the words of this page where they are not those of all."""
        links = [
            LanguageLink(code, words.ui("language"), words.tag, "?" + urlencode({**(keep or {}), "lang": code}))
            for code, words in self._words.items()
        ]
        page = self._environment.get_template(template)
        return page.render(w=page_words or self._words[language], languages=links, **values).encode()

    def not_found(self, language: Language, text: str = "not_found") -> bytes:
        """The page for everything that is not found: always the same."""
        return self.render("not_found.html", language, text=text)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
