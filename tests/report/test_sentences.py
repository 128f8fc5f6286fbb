"""Running text as a reader meets it: no sentence that is too long, or has too many numbers to be read aloud."""

import html
import re

import pytest
from reading import grade, sentences

WORDS, NUMBERS = 40, 2  # in a sentence, at most
APART = {"404", "lab", "map", "units", "glossary", "references"}  # pages of things to use and to look up
BY_NUMBER = {"methods", "replication"}  # whose subject are numbers


def numbers(sentence):
    """The measured numbers in a sentence: not those that name a class, a unit or a figure."""
    named = re.sub(r"(?:(?:[Uu]nit|Figure|says|order:)\s+|\bin order: )[\d, ]+", " ", sentence)
    return re.findall(r"(?<![\w.])[\u2212-]?\d[\d,]*(?:\.\d+)?", named)


@pytest.fixture(scope="module")
def pages(published_site):
    read = {path.stem: path.read_text(encoding="utf-8") for path in published_site.glob("*.html")}
    return {slug: list(sentences(page)) for slug, page in read.items() if slug not in APART}


def test_every_sentence_can_be_read_in_one_breath(pages):
    long = {slug: [each for each in found if len(each.split()) > WORDS] for slug, found in pages.items()}
    assert {slug: found for slug, found in long.items() if found} == {}


def test_no_sentence_has_more_than_two_numbers(pages):
    crowded = {
        slug: [each for each in found if len(numbers(each)) > NUMBERS]
        for slug, found in pages.items()
        if slug not in BY_NUMBER
    }
    assert {slug: found for slug, found in crowded.items() if found} == {}


def test_how_many_and_how_sure_stand_behind_marks_and_not_in_running_text(pages):
    told = {slug: [each for each in found if re.search(r"\bn = \d", each)] for slug, found in pages.items()}
    assert {slug: found for slug, found in told.items() if found} == {}


def test_words_of_macros_do_not_dangle(pages):
    """Counts of one in the plural, and words that were put together without a look at each other."""
    dangling = re.compile(r"\b1 (?:units|seeds|epochs|of them make)\b|\b(higher|lower) and \1\b|\btimes [\d.]+ times\b")
    told = {slug: [each for each in found if dangling.search(each)] for slug, found in pages.items()}
    assert {slug: found for slug, found in told.items() if found} == {}


def test_no_title_of_a_figure_has_numbers_in_a_row(published_site):
    for path in published_site.glob("*.html"):
        for title in re.findall(r'<p class="figure-title".*?</p>', path.read_text(encoding="utf-8"), re.DOTALL):
            text = html.unescape(re.sub(r"<a class=\"permalink\".*?</a>|<[^>]+>", "", title))
            assert len(numbers(text)) < 3, (path.stem, text)


def test_no_markup_is_read_as_text(published_site):
    """What is escaped twice, or put in where it is no markup, stands on the page as a tag."""
    for path in published_site.glob("**/*.html"):
        read = re.sub(r"<(pre|code|script)\b.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        tags = re.findall(r"&lt;/?(?:a|p|em|strong|span|sup|svg|div|table)\b.{40}|&amp;(?:lt|#\w+);", read)
        assert not tags, (path.name, tags[:2])


@pytest.mark.parametrize(
    ("sentence", "count"),
    [
        ("It reads 94.8 % of 10,000.", 2),
        ("From −0.2 to 0.1 points.", 2),
        ("Unit 14 is for sevens, unit 8 for sixes.", 0),
        ("conv1 and hidden2 have an L2 norm.", 0),
    ],
)
def test_names_are_not_counted_as_numbers(sentence, count):
    assert len(numbers(sentence)) == count


def test_longer_words_and_longer_sentences_are_harder_to_read():
    easy = ["It sees a dog.", "It runs to it."]
    words, letters = 8, 20
    assert grade(easy) == pytest.approx(5.88 * letters / words - 29.6 * 2 / words - 15.8)
    assert grade(easy) < grade([" ".join(easy)]) < grade(["It perceives an animal. It approaches this animal."])
