"""What fuzz tests share: examples that are the same in every run, and bytes of every wrong kind."""

import gzip
import hashlib
import json

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def examples(count):
    """Settings for so many examples. No example has a deadline: machines are slow at times."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def outcome(function, *arguments, **options):
    """What a function returns and "", or None and what its ValueError says; other errors are the test's to see."""
    try:
        return function(*arguments, **options), ""
    except ValueError as error:
        return None, str(error)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
deep = st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 500 + b"]" * 500])


def changed(value):
    """A JSON object like `value` with one of its entries, at any depth, of another type, or gone, or one too many."""
    return st.deferred(lambda: st.one_of(_replaced(value), _removed(value), _added(value)))


def texts(value):
    """Bytes that may lie where JSON of the form of `value` is expected."""
    return st.one_of(
        st.binary(max_size=200),
        deep,
        values.map(lambda any_value: json.dumps(any_value).encode()),
        changed(value).map(lambda other: json.dumps(other).encode()),
        st.integers(0, len(json.dumps(value))).map(lambda end: json.dumps(value).encode()[:end]),
        st.sampled_from([b"", b"5", b"null", b"[1]", b"{}", b"NaN", b"\xef\xbb\xbf{}", b"\xff\xfe", b'"\\ud800"']),
    )


def sealed(plain):
    """The same, some of it behind its own sha256, as files of ours begin: rubbish that passes for ours."""
    return plain | plain.map(lambda data: hashlib.sha256(data).hexdigest().encode() + b"\n" + data)


def packed(plain):
    """The same, compressed: whole, cut short, with an altered byte, or with rubbish behind."""
    whole = plain.map(lambda data: gzip.compress(data, mtime=0))
    return st.one_of(
        whole,
        st.tuples(whole, st.integers(0, 40)).map(lambda pair: pair[0][: pair[1]]),
        st.tuples(whole, st.integers(0, 10_000), st.integers(1, 255)).map(lambda three: altered(*three)),
        whole.map(lambda data: data + b"rubbish"),
        whole.map(lambda data: data + data),
    )


def altered(data, place, by):
    """Bytes of which one is another."""
    place %= max(1, len(data))
    return data[:place] + bytes(each ^ by for each in data[place : place + 1]) + data[place + 1 :]


def _replaced(value):
    if isinstance(value, dict) and value:
        return st.sampled_from(sorted(value)).flatmap(
            lambda name: (values | changed(value[name])).map(lambda other: value | {name: other})
        )
    return values


def _removed(value):
    if isinstance(value, dict) and value:
        return st.sampled_from(sorted(value)).map(
            lambda name: {each: other for each, other in value.items() if each != name}
        )
    return values


def _added(value):
    if isinstance(value, dict):
        return st.tuples(st.text(max_size=8), values).map(lambda pair: dict([pair]) | value)
    return values
