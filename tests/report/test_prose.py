"""No measured number is typed into the prose: numbers come from facts, from the study or from the data set."""

import re
from pathlib import Path

import jinja2
import pytest

from report.errors import PageError
from report.site import prose, references
from report.site.front_matter import blanked

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = sorted((REPOSITORY / "templates" / "pages").glob("*.md"))

# What may hold digits: code, maths, the targets of links, comments, tags, and names such as conv1, L2 or 2-D.
NO_PROSE = re.compile(
    r"```.*?```|~~~.*?~~~|(?P<ticks>`+).+?(?P=ticks)|\$\$.*?\$\$|\$[^$\n]+\$|\]\([^)]*\)|<!--.*?-->|<[^<>]+>|&#?\w+;",
    re.DOTALL,
)
NAMES = re.compile(r"\[\^\w+\]|\b[^\W\d][\w.]*\d\w*|\b[23]-D\b")
TYPED_NUMBER = re.compile(r"\{\{-?\s*[\"']?\d")


def typed_digits(source):
    """Every piece of prose in a template that holds a digit: "line: text"."""
    found = [f"{line}: {text}" for line, text in prose_of(source) if re.search(r"\d", NAMES.sub("", text))]
    found += [f"{line}: {text}" for line, text in numbered(source) if TYPED_NUMBER.search(text)]
    return sorted(found)


def prose_of(source):
    """(line, text) of what a reader reads: the text between Jinja's tags, and the sentences inside them."""
    text, sentences = [], []
    for line, kind, value in jinja2.Environment().lex(source):
        if kind == "data":
            text.append(value)
        else:
            text.append("\n" * value.count("\n"))
        if kind == "string" and " " in value:  # a title or an alt text; names of facts and figures have no space
            sentences += [(line + number, part) for number, part in numbered(value, start=0)]
    blanked = NO_PROSE.sub(lambda match: "\n" * match.group().count("\n"), "".join(text))
    return list(numbered(blanked)) + sentences


def numbered(text, start=1):
    return enumerate(text.split("\n"), start=start)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_digit_is_typed_into_the_prose(template):
    assert typed_digits(blanked(template.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "The network reads 94.8 % of the digits.",
        "Trained for 20 epochs, `conv1` is quiet.",
        '{% call figure("a/b", title="Dead units: 3 in all", alt="x") %}y{% endcall %}',
        '{% call figure("a/b", title="x", alt="rises to " ~ said("a.b") ~ " after 2 epochs") %}y{% endcall %}',
        '{% call figure("a/b", title="x", alt="y") %}Look at unit 14.{% endcall %}',
        "It is {{ 94.8 }} per cent.",
        "It is {{ '94.8' }} per cent.",
        "| MLP | 94 |",
        "Since 2019 this is known.",
    ],
)
def test_the_lint_finds_a_typed_number(line):
    found = typed_digits(f"Nothing here.\n{line}\nNor here.")
    assert len(found) == 1
    assert found[0].startswith("2: ")


@pytest.mark.parametrize(
    "line",
    [
        'Reads {{ fact("training.test_accuracy.mlp-raw") }} in {{ study.epochs }} epochs.',
        "The hook points conv1.pre, hidden2 and `x[0:10]` in 2-D, with the L2 norm.",
        "A formula $x_1^2$ and another\n\n$$\\frac{1}{2}$$",
        "```python\nprint(3)\n```",
        "[a link](https://example.org/2019/05) and a note.[^1]",
        '{{ cite("kornblith2019") }}',
        "{{ (provenance.seconds / 60)|round }} minutes",
    ],
)
def test_the_lint_lets_code_maths_names_and_facts_pass(line):
    assert typed_digits(line) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_page_begins_with_its_answer(template):
    text = blanked(template.read_text(encoding="utf-8"))
    before, found, _ = text.partition("{% call answer() %}")
    said = re.sub(r"\{%-?\s*macro\b.*?endmacro\s*-?%\}|\{%.*?%\}|\{#.*?#\}", "", before, flags=re.DOTALL)
    assert found
    assert said.strip() == ""


def test_glossary_entries_are_in_alphabetical_order_and_defined_once():
    source = (REPOSITORY / "templates" / "pages" / "glossary.md").read_text(encoding="utf-8")
    terms = [term.lower() for term in re.findall(r'call term\("([^"]+)"\)', source)]
    assert terms == sorted(terms, key=lambda term: term.replace("-", " "))
    assert len(terms) == len(set(terms)) >= 40


def test_references_are_complete_in_alphabetical_order_and_lead_somewhere():
    found = list(references.load(REPOSITORY).values())
    assert {each.kind for each in found} == {"paper", "data", "software"}
    for each in found:
        assert re.fullmatch(r"https://\S+", each.url), each.key
        assert all((each.short, each.authors, each.title, each.venue, each.label)), each.key
        assert re.fullmatch(r"(19|20)\d\d[ab]?|", each.year), each.key
    for kind in ("paper", "data", "software"):
        authors = [plain_letters(each.authors) for each in found if each.kind == kind]
        assert authors == sorted(authors)
    assert len({each.short for each in found}) == len(found)


def plain_letters(text):
    return text.casefold().translate(str.maketrans("öüı", "oui"))


def test_wide_things_scroll_in_a_box_that_the_keyboard_reaches():
    body, _ = prose.to_html("| a | b |\n|---|--:|\n| c | d |\n\n```python\nx = 1\n```\n\n$$a$$\n")
    assert body.count('tabindex="0" role="group" aria-label=') == 3
    assert '<th scope="col" class="right">b</th>' in body
    assert '<td class="right">d</td>' in body
    assert "style=" not in body


def test_headings_make_the_table_of_contents():
    body, headings = prose.to_html('## One <data value="1">fact</data>\n\n### Inner\n\n## Two & three\n')
    assert [(each.anchor, each.title) for each in headings] == [
        ("one-fact", "One fact"),
        ("two-three", "Two &amp; three"),
    ]
    assert 'id="inner"' in body


def test_no_page_speaks_of_detecting():
    assert [page.name for page in TEMPLATES if "detectab" in page.read_text(encoding="utf-8")] == []


def test_a_fold_that_markdown_takes_for_a_part_of_the_paragraph_before_it_is_no_page():
    fold = '<details markdown="1">\n<summary>Why?</summary>\n\nSo.\n</details>\n'
    assert "<p>So.</p>" in prose.to_html(f"Words.\n\n{fold}")[0]
    with pytest.raises(PageError, match="empty line before it"):
        prose.to_html(f"Words <sup>1</sup> {fold}")
