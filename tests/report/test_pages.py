"""The list of pages is fit to be a table of contents."""

import re

from report.pages import PAGES, SITE_TITLE


def test_slugs_titles_and_descriptions_are_all_different():
    for values in ({p.slug for p in PAGES}, {p.title for p in PAGES}, {p.description for p in PAGES}):
        assert len(values) == len(PAGES)


def test_the_book_begins_with_the_index_and_ends_with_what_it_rests_on():
    slugs = [page.slug for page in PAGES]
    assert slugs[0] == "index"
    assert slugs[-3:] == ["methods", "glossary", "references"]


def test_every_heading_is_a_question():
    assert [page.slug for page in PAGES if not page.question.endswith("?")] == []


def test_slugs_are_plain_enough_for_any_server():
    assert all(re.fullmatch(r"[a-z0-9-]+", page.slug) for page in PAGES)


def test_titles_and_descriptions_have_the_length_that_search_results_show():
    assert all(len(f"{page.title} · {SITE_TITLE}") <= 60 for page in PAGES)
    assert {page.slug: len(page.description) for page in PAGES if not 70 <= len(page.description) <= 170} == {}


def test_the_pages_of_a_part_stand_together():
    parts = [page.part for page in PAGES]
    runs = [part for place, part in enumerate(parts) if place == 0 or part != parts[place - 1]]
    assert len(runs) == len(set(runs))
