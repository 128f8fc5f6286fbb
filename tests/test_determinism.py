"""The same bytes everywhere: a second build of everything, in other surroundings. In a file of its own, for it takes as
long as many others together; it begins with its own build, while another process makes the one that all tests share."""

import os

from tests.conftest import SMOKE, Project, copy_sources


def test_another_folder_zone_language_umask_and_number_of_processes_make_the_same_bytes(request, tmp_path):
    root = copy_sources(tmp_path / "a folder with spaces")
    other = Project(root, tmp_path / "elsewhere" / "cache", tmp_path / "elsewhere" / "out")
    (tmp_path / "home").mkdir()
    environment = os.environ | {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "HOME": str(tmp_path / "home"),
        "USER": "somebody",
    }
    done = other.build(*SMOKE, "--jobs", "2", env=environment, umask=0o077, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    here, there = request.getfixturevalue("built").files(), other.files()
    assert there.keys() == here.keys()
    assert [name for name, data in there.items() if here[name] != data] == []
