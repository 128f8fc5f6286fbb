"""The code a page shows is the code that is there, with its decorators, and never run."""

import pytest

from report.errors import PageError
from report.site import source


@pytest.fixture
def root(tmp_path):
    package = tmp_path / "planted"
    package.mkdir()
    (package / "broken.py").write_text("def half(:\n")
    (package / "module.py").write_text(
        '"""Would fail if it ran."""\n\nraise SystemExit\n\n\n'
        '@keep\ndef twice(x):\n    """Says "a < b"."""\n    return 2 * x\n'
    )
    return tmp_path


def test_a_function_is_found_with_its_decorators_and_its_line(root):
    found = source.find(root, "planted.module:twice")
    assert found.text.startswith("@keep\ndef twice(x):")
    assert found.text.endswith("return 2 * x\n")
    assert found.link == "code/planted.module.html#L-6"


def test_every_line_of_a_module_has_its_anchor_and_every_sign_is_escaped(root):
    listing = source.module_html(root, "planted.module")
    assert [f'id="L-{line}"' in listing for line in (1, 6, 9, 10)] == [True, True, True, False]
    assert "a &lt; b" in listing


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("planted.absent:f", "there is no planted/absent.py"),
        ("planted.module:thrice", "planted/module.py defines no 'thrice'"),
        ("planted.module", "Use 'package.module:function'"),
        ("planted.broken:half", "planted/broken.py, line 1: not valid Python"),
    ],
)
def test_what_is_not_there_is_named(root, name, complaint):
    with pytest.raises(PageError, match=complaint):
        source.find(root, name)
