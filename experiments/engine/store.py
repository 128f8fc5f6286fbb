"""The store: immutable artifacts addressed by the sha256 of their bytes, and records that say which stage made them.

In: products by name and value. Out: the same, checked on every load. What is JSON lies there compressed, for most of
it is names. numpy is imported only to read or write arrays.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.engine.files import explained, opened, read_file, sealed, write_file
from experiments.engine.key import canonical, digest
from experiments.spec import Json

STORED_AS_IS = 4_000_000  # bytes of arrays above which a file is not compressed: speed matters more than size
LARGEST = 4_000_000_000  # bytes of an artifact, and of what a packed one unpacks to
LARGEST_RECORD = 16_000_000
TEXTS, BYTES = (".svg", ".csv", ".js", ".md", ".txt"), (".png", ".safetensors")  # endings of products
DIGEST = re.compile(r"[0-9a-f]{64}")
FILES = {  # what a shelf calls its own, by the folder that it lies in
    "records": re.compile(rf"{DIGEST.pattern}\.json\.gz"),
    "artifacts": re.compile(rf"{DIGEST.pattern}({'|'.join(map(re.escape, ('.json.gz', '.npz', *TEXTS, *BYTES)))})"),
}
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
INGREDIENTS = {"function", "parameters", "sources", "inputs"}


class Damaged(Exception):
    """A file of a shelf is gone, cannot be read, or its bytes are not those that its name promises."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Record:
    """What is known of a stage's result: its products by digest, what it cost and where it was made.

    Raises ValueError for what no stage can have had as its result: a product whose name would be a path, an address
    that is no digest.
    """

    stage: str
    key: str
    products: Mapping[str, str]
    seconds: float
    environment: Mapping[str, str]
    ingredients: Json

    def __post_init__(self) -> None:
        told = (self.products, self.environment, self.ingredients)
        if not (all(isinstance(each, dict) for each in told) and self.ingredients.keys() >= INGREDIENTS):
            raise ValueError("a record holds mappings of products, environment and ingredients")
        if not (isinstance(self.key, str) and DIGEST.fullmatch(self.key)):
            raise ValueError(f"{self.key!r} is not a key")
        if not (isinstance(self.stage, str) and isinstance(self.seconds, int | float) and self.seconds >= 0):
            raise ValueError("a record names its stage and the seconds that it took")
        if {type(each) for each in (*self.environment, *self.environment.values())} - {str}:
            raise ValueError("a record's environment is told in words")
        for name, address in self.products.items():
            if not (isinstance(name, str) and NAME.fullmatch(name)):
                raise ValueError(f"{name!r} is not the name of a product")
            if not (isinstance(address, str) and DIGEST.fullmatch(address)):
                raise ValueError(f"{address!r} is not a digest")


@dataclass(frozen=True)
class Shelf:
    """A folder of records and artifacts. The cache is one, the published results are another.

    Records are read once: what another process adds or replaces is known after `learn`. `damaged` are the records
    that were asked for and lie there, but not as they were written.
    """

    name: str
    folder: Path
    damaged: set[Path] = field(default_factory=set, compare=False, repr=False)
    _known: dict[str, Record] = field(default_factory=dict, compare=False, repr=False)
    _distrusted: set[Path] = field(default_factory=set, compare=False, repr=False)

    def record(self, key: str) -> Record | None:
        """The record under a key; None where there is none, or none that is as it was written (see `damaged`)."""
        if key not in self._known:
            if f"{key}.json.gz" not in self._lying:
                return None
            path = self.record_path(key)
            try:
                found = _record(_bytes(path, limit=LARGEST_RECORD))
            except FileNotFoundError:
                return None
            except (OSError, Damaged, ValueError, TypeError, KeyError, RecursionError):
                self.damaged.add(path)
                return None
            if found.key != key:
                self.damaged.add(path)
                return None
            self.learn(found)
        return self._known[key]

    def records(self) -> list[Record]:
        """Every readable record, in the order of their keys. Raises FilesError where the folder cannot be read."""
        keys = [name.removesuffix(".json.gz") for name in self._names("records") if name.endswith(".json.gz")]
        found = [self.record(key) for key in keys if DIGEST.fullmatch(key)]
        return [record for record in found if record is not None]

    def files(self) -> list[Path]:
        """Every file that is named as this shelf names its own, in order; whatever else lies there is another's, as
        are folders and links."""
        named = [
            self.folder / kind / name for kind in FILES for name in self._names(kind) if FILES[kind].fullmatch(name)
        ]
        return [path for path in named if path.is_file() and not path.is_symlink()]

    def put(self, record: Record) -> None:
        """Writes a record. Its artifacts must be there already."""
        path, data = self.record_path(record.key), json.dumps(asdict(record), separators=(",", ":"), allow_nan=False)
        write_file(path, _packed(sealed(data.encode())))
        self.damaged.discard(path)
        self.learn(record)

    def learn(self, record: Record) -> None:
        """Takes notice of a record that was put on this shelf."""
        self._known[record.key] = record

    def path(self, product: str, address: str) -> Path:
        """Where an artifact of that product's kind and address lies, or would lie."""
        ending = os.path.splitext(product)[1]  # noqa: PTH122 (a build asks for a thousand)
        return Path(f"{self.folder}/artifacts/{address}{'.json.gz' if ending == '.json' else ending}")

    def has(self, product: str, address: str) -> bool:
        """Whether an artifact lies here; whether it is whole, `read` tells."""
        path = self.path(product, address)
        return path not in self._distrusted and _is_file(path)

    def add(self, product: str, data: bytes) -> str:
        """Stores an artifact's bytes, also over a damaged copy of them, and returns their address."""
        address, path = digest(data), self.path(product, digest(data))
        with contextlib.suppress(OSError, Damaged):
            if _bytes(path, limit=len(data)) == data:
                return address
        write_file(path, _packed(data) if path.suffix == ".gz" else data)
        self._distrusted.discard(path)
        return address

    def read(self, product: str, address: str) -> bytes:
        """An artifact's bytes, checked. Raises Damaged."""
        path = self.path(product, address)
        try:
            data = _bytes(path, limit=LARGEST)
        except (OSError, MemoryError) as error:
            raise Damaged(path) from error
        if digest(data) != address:
            raise Damaged(path)
        return data

    def distrust(self, path: Path) -> None:
        """Counts an artifact as not there for as long as this shelf is open."""
        self._distrusted.add(path)

    def record_path(self, key: str) -> Path:
        """Where the record under a key lies, or would lie."""
        return Path(f"{self.folder}/records/{key}.json.gz")

    @functools.cached_property
    def _lying(self) -> frozenset[str]:
        """The names of the records that lay here when the first was asked for."""
        return frozenset(self._names("records"))

    def _names(self, kind: str) -> list[str]:
        """The names in one of the shelf's folders, sorted."""
        folder = self.folder / kind
        with explained("read", folder):
            try:
                return sorted(entry.name for entry in os.scandir(folder))
            except (FileNotFoundError, NotADirectoryError):
                return []


def encode(product: str, value: Any) -> bytes:
    """The bytes of a value; the product's ending says how. The same value always has the same bytes.

    Raises ValueError for an ending nobody knows and for a value that has no such bytes.
    """
    match Path(product).suffix:
        case ".npz":
            return _encode_arrays(value)
        case ".json":
            try:
                return (canonical(value) + "\n").encode()
            except ValueError as error:
                raise ValueError(f"product {product}: {error}") from error
        case ending if ending in TEXTS:
            return value.encode()
        case ending if ending in BYTES:
            return value
    raise ValueError(f"product {product}: no way to store this ending; use .npz, .json, .svg, .csv, .js, .txt or .png")


def decode(product: str, data: bytes) -> Any:
    """The value that `encode` made these bytes of."""
    match Path(product).suffix:
        case ".npz":
            import numpy as np

            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return dict(arrays)
        case ".json":
            return json.loads(data)
        case ending if ending in TEXTS:
            return data.decode()
    return data


def _encode_arrays(arrays: Mapping[str, Any]) -> bytes:
    import zipfile

    import numpy as np

    values = {name: np.asarray(array) for name, array in sorted(arrays.items())}
    large = sum(array.nbytes for array in values.values()) > STORED_AS_IS
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if large else zipfile.ZIP_DEFLATED) as file:
        for name, array in values.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, whatever the system: the bytes must not tell
            entry.compress_type = file.compression
            file.writestr(entry, member.getvalue())
    return buffer.getvalue()


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _bytes(path: Path, *, limit: int) -> bytes:
    """What was stored in a file. Raises OSError where it cannot be read or holds more than `limit` bytes, Damaged where
    it cannot be unpacked."""
    data = read_file(path, limit=limit)
    if path.suffix != ".gz":
        return data
    unpacker = zlib.decompressobj(wbits=31)  # a gzip file of one member, as `_packed` makes
    try:
        content = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise Damaged(path) from error
    if len(content) > limit or not unpacker.eof or unpacker.unused_data:
        raise Damaged(path)
    return content


def _record(data: bytes) -> Record:
    """The record in a file. Raises ValueError, TypeError, KeyError or RecursionError for anything else."""
    values = json.loads(opened(data))
    return Record(**{name: values[name] for name in Record.__dataclass_fields__})


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be read
        return False
