"""A site of a few files in a folder, and what lies in a folder."""

import hashlib
import json
import subprocess
import sys

from experiments.engine.folder import Sign

SIGN = Sign("list.json", lambda data: dict(json.loads(data)))


def site(**files):
    """The files of a site, and the list of them: site(a_html="text") has the file a.html."""
    content = {name.replace("__", "/").replace("_", "."): text.encode() for name, text in files.items()}
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    return content | {SIGN.name: json.dumps(listed).encode()}


OLD = site(index_html="old", figures__a_svg="the same", figures__b_svg="gone in the new one")
NEW = site(index_html="new", figures__a_svg="the same", code__c_html="more")


def files_in(place):
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def state(place):
    """Everything in a folder: kinds, modes, contents, inodes."""
    return {
        path.relative_to(place).as_posix(): (
            path.lstat().st_mode,
            path.lstat().st_ino,
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
        )
        for path in place.rglob("*")
    }


def a_dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
