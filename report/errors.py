"""The one error of the site: something a page asks for is not there, or cannot be shown."""

from __future__ import annotations

from collections.abc import Iterable


class PageError(ValueError):
    """Names the template and line where known, the cause, and the remedy."""


def unreadable(template: str, error: OSError | UnicodeDecodeError) -> PageError:
    """The error for a template that is there and cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return PageError(f"templates/{template} is no UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8.")
    return PageError(f"templates/{template} cannot be read: {error.strerror}; change its permissions.")


def unknown(kind: str, name: str, known: Iterable[str], remedy: str) -> PageError:
    """The error for a name that a template uses and nothing provides; it suggests the nearest known names."""
    from difflib import get_close_matches  # no build pays for it before something is wrong

    near = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return PageError(f"unknown {kind} {name!r}.{hint} {remedy}")


def unmade(slug: str, needed: str) -> PageError:
    """The error for a script or style sheet that a page needs and that will not be in the site."""
    return PageError(
        f"templates/pages/{slug}.md needs {needed}, which nothing makes; correct its front matter, or the bundle in "
        "report/site/pages.py."
    )
