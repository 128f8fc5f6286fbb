"""The one error of the site: something a page asks for is not there, or cannot be shown."""

from __future__ import annotations

from collections.abc import Iterable


class PageError(ValueError):
    """Names the template and line where known, the cause, and the remedy."""


def unknown(kind: str, name: str, known: Iterable[str], remedy: str) -> PageError:
    """The error for a name that a template uses and nothing provides; it suggests the nearest known names."""
    from difflib import get_close_matches  # no build pays for it before something is wrong

    near = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return PageError(f"unknown {kind} {name!r}.{hint} {remedy}")
