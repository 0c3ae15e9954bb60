"""Leaves out of a page the markup that a browser or the page's script adds by itself."""

from __future__ import annotations

import re
from typing import Final

_IMPLIED: Final = re.compile(r"</(?:li|d[dt]|t[dhr]|thead|tbody)>")
"""End tags that HTML implies. The text of a result holds none, as its `<` is escaped."""

_LINK: Final = re.compile(r'href="#([^"]*)"')
_EMPTY_ANCHOR: Final = re.compile(r'<a id="([^"]*)"></a>')
_VARIANT_ANCHORS: Final = re.compile(
    r'((?:<a id="[^"]*"></a>)+)<a id="(?:[^"/]+/)+([^"<>]+)">\2</a>'
)
"""The ids of a variant in further scenarios of a card, and its name with that in the first."""


def without_spare_markup(page: str) -> str:
    """Return the page without end tags that HTML implies, and without spare anchors.

    An anchor is spare if it is that of a variant in a further member of a family, and no link of
    the page leads to it. It follows from the member's anchor and the variant's name.
    """
    wanted = set(_LINK.findall(page))

    def lean(match: re.Match[str]) -> str:
        anchors, name = match.groups()
        kept = [
            anchor
            for anchor in _EMPTY_ANCHOR.findall(anchors)
            if anchor in wanted or not anchor.endswith(f"/{name}")
        ]
        return "".join(f'<a id="{anchor}"></a>' for anchor in kept) + match[0][len(anchors) :]

    return _IMPLIED.sub("", _VARIANT_ANCHORS.sub(lean, page))
