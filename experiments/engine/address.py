"""The site's public address, as --base-url gives it: checked strictly, for it is written into every page.

In: what was given. Out: the same address in one spelling, or a ValueError that says what is wrong with it.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urlsplit

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\"'<>`\\^{|}]")
PORTS = {"http": 80, "https": 443}
EXAMPLE = "use an address as https://example.org/name/"


def base_url(text: str) -> str:
    """An address with scheme, host and path alone, in lower case up to the path, with a slash at its end."""
    if found := FORBIDDEN.search(text):
        raise ValueError(f"{text!r} holds {found[0]!r}; {EXAMPLE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no address ({error}); {EXAMPLE}") from error
    if parts.scheme not in PORTS:
        raise ValueError(f"{text!r} does not begin with http:// or https://; {EXAMPLE}")
    if "@" in parts.netloc:
        raise ValueError(f"{text!r} names a user or a password, which every reader of the site would see; {EXAMPLE}")
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r} has a query or a fragment, and pages are added at its end; {EXAMPLE}")
    host = _host(parts)
    if host is None or port == 0:
        raise ValueError(f"{text!r} has no host that a browser could find; {EXAMPLE}")
    path = quote(parts.path, safe="/%:@!$&()*+,;=~")
    if re.search(r"%(?![0-9A-Fa-f]{2})|//|/\.{1,2}(/|$)", path):
        raise ValueError(f"{text!r} has a path that browsers would change; {EXAMPLE}")
    shown = f":{port}" if port not in (None, PORTS[parts.scheme]) else ""
    return f"{parts.scheme}://{host}{shown}{path.rstrip('/')}/"


def _host(parts: SplitResult) -> str | None:
    """The host in ASCII, a name, or an address of numbers; None where it is neither."""
    given = parts.netloc.rpartition(":")[0] if re.search(r":[0-9]*$", parts.netloc) else parts.netloc
    if given.startswith("["):
        return _numbers(given)
    try:
        host = given.encode("idna").decode().lower()
    except UnicodeError:
        return None
    labels = host.removesuffix(".").split(".")
    if not all(LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        return None
    return _numbers(host) if labels[-1].isdigit() else host


def _numbers(host: str) -> str | None:
    import ipaddress

    try:
        if host.startswith("["):
            return f"[{ipaddress.IPv6Address(host[1:].removesuffix(']'))}]"
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        return None
