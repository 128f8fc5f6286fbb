"""What can be searched for: the places of a page, with what a reader reads under each heading."""

import json

from report.site import search
from report.site.search import places

PAGE = """<!doctype html><title>No</title><header><nav>No <h2 id="not">No</h2></nav></header><main id="main">
<p class="notice">No</p><article><h1>Why?</h1><p>First&nbsp;<em>pa</em>rt.<br>Second</p>
<h2 id="one">One <code>x</code></h2><p>Under one.</p>
<figure id="fig-a" class="figure" aria-labelledby="fig-a-title"><p class="figure-title" id="fig-a-title"><a
class="permalink" href="#fig-a">Figure 1</a> It rises</p><img src="a.svg" alt="No"><figcaption><p>Look.</p>
<details class="making"><summary>No</summary><dl><dt>No</dt></dl></details></figcaption></figure>
<p>Still under one<button class="mark">No</button>.</p><table><tr><td>No</td></tr></table><svg><text>No</text></svg>
<div class="lab" data-lab><h3 id="inside">No</h3></div>
<ul><li id="item">An item without a title.</li><li id="paper">By Ones. <cite>A paper</cite>. 1999.</li></ul>
<h3 id="two">Two</h3><dl><div class="entry" id="term"><dt><dfn>term</dfn></dt><dd>Means.
<p class="used">No</p></dd></div></dl>
<section class="unit" id="u-1"><h3 id="u-1-title"><a href="#u-1">Unit 1</a>, net</h3><p>Says.</p>
<div class="panels">No</div></section><p>Last.</p></article></main><footer>No</footer>"""


def test_places_are_headings_figures_terms_units_and_works_with_the_text_of_each():
    assert places(PAGE) == [
        ["", "Why?", "First part. Second"],
        ["one", "One x", "Under one. Still under one. An item without a title."],
        ["fig-a", "It rises", "Look."],
        ["paper", "A paper", "By Ones. A paper. 1999."],
        ["two", "Two", "Last."],
        ["term", "term", "Means."],
        ["u-1", "Unit 1, net", "Says."],
    ]


def test_a_page_without_a_heading_or_a_main_part_has_no_places():
    assert places("<main><p>Words.</p></main>") == []
    assert places("<h1>Words</h1>") == []


def test_the_index_holds_all_pages_of_the_contents_in_their_order(site, arguments):
    head, text = site[search.FILE].decode().split(" = ", 1)
    assert head.endswith('["search"]')
    index = json.loads(text.rstrip(";\n"))
    told = [[file, title, description] for file, title, _, description in index]
    assert told == [[page.file, page.title, page.description] for page in arguments["pages"]]
    health = next(found for file, _, found, _ in index if file == "health.html")
    assert [anchor for anchor, *_ in health if anchor.startswith("fig-")] == ["fig-dead-units", "fig-gradient"]
