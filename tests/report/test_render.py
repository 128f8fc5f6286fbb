"""The site is complete, the same everywhere, and a template's mistake is named with its line."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments.study import PUBLISHED, SMOKE
from report import theme
from report.argument.known import Coordinates
from report.errors import PageError
from report.site import writing
from report.site.manifest import listed
from report.site.references import Reference
from report.site.render import render

REPOSITORY = Path(__file__).parents[2]


def page(site, name="health.html"):
    return site[name].decode()


def edit(root, old, new, *, template="health"):
    path = root / "templates" / "pages" / f"{template}.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# What there is


def test_every_page_figure_and_listing_has_its_file(site):
    assert {"index.html", "health.html", "glossary.html", "references.html", "404.html"} <= set(site)
    assert {
        "figures/health-dead-units.svg",
        "data/health-dead-units.csv",
        "code/planted.analysis.html",
        "assets/shared/theme.css",
    } <= set(site)
    assert {"facts.json", "manifest.json", "robots.txt", ".nojekyll", "assets/shared/favicon.svg"} <= set(site)


def test_every_relative_link_and_image_leads_to_a_file_and_an_anchor_that_exist(site):
    marked = [name for name in site if is_html(name) or name.endswith(".svg")]
    anchors = {name: set(re.findall(r'\bid="([^"]+)"', page(site, name))) for name in marked}
    for name in filter(is_html, site):
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', page(site, name)):
            if ":" in link.partition("/")[0]:
                continue  # other sites
            file, _, anchor = link.partition("#")
            target = os.path.normpath(Path(name).parent / file).replace(os.sep, "/") if file else name
            assert target in site, f"{name}: {link}"
            assert not anchor or anchor in anchors[target], f"{name}: {link}"


def test_no_page_has_an_inline_style_or_script(site):
    for name in filter(is_html, site):
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", page(site, name)), name
        assert all(not body.strip() for body in re.findall(r"<script[^>]*>(.*?)</script>", page(site, name), re.DOTALL))


def test_no_page_asks_another_origin_for_anything(site):
    for name in filter(is_html, site):
        fetched = re.findall(r'<(?:img|script|link)\b[^>]*?\b(?:src|href)="([^"]+)"', page(site, name))
        assert fetched
        assert not [address for address in fetched if "//" in address]


def test_every_page_carries_its_policy_before_it_loads_anything(site):
    for name in filter(is_html, site):
        text = page(site, name)
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        assert policy.start() < text.index("<link ") < text.index("<script ")
        assert policy.group(1).startswith("default-src 'none'; ")
        assert "unsafe" not in policy.group(1)
        assert "http:" not in policy.group(1)


def test_every_id_is_used_once(site):
    for name in filter(is_html, site):
        ids = re.findall(r'\bid="([^"]+)"', page(site, name))
        assert len(ids) == len(set(ids)), name


def test_headings_descend_one_level_at_a_time(site):
    for name in filter(is_html, site):
        levels = [int(level) for level in re.findall(r"<h([1-6])", page(site, name))]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), name


# What a page shows


def test_a_page_opens_with_its_question_and_its_answer(site):
    body = page(site)
    assert body.index("<h1>Which units die") < body.index('<div class="answer">') < body.index("<figure")


def test_facts_verdicts_and_constants_reach_the_text(site):
    assert "<strong>higher</strong>" in page(site, "index.html")
    assert "<strong>lower</strong>, by 2.5\u00a0points" in page(site)
    assert "ten seeds" in page(site, "index.html")
    assert "60,000 images" in page(site, "index.html")


def test_a_figure_has_number_title_both_drawings_and_the_way_to_its_making(site):
    figure = re.search(r'<figure id="fig-dead-units".*?</figure>', page(site), re.DOTALL).group()
    assert "Figure 1" in figure
    assert 'src="figures/health-dead-units.svg"' in figure
    assert 'src="figures/health-dead-units.svg#dark"' in figure
    assert figure.count('width="692" height="346"') == 2
    assert len(set(re.findall(r'alt="([^"]+)"', figure))) == 1
    assert (
        "python build.py --rebuild &#39;figure/health/dead-units&#39;" in figure
        or "'figure/health/dead-units'" in figure
    )
    assert "5d41402abc4b2a76b9719d911017c592" in figure
    assert 'href="code/planted.analysis.html#L-6"' in figure
    assert "<em>band</em>" in figure


def test_alt_text_carries_the_fact_as_plain_text(site):
    assert 'alt="Two lines that rise in the first epoch and stay there. 6.2\u202f% (4.4 to 8.1' in page(site)


def test_a_figure_can_be_referred_to_by_number_from_here_and_elsewhere(site):
    assert '<a href="#fig-dead-units">Figure 1</a>' in page(site)
    assert '<a href="health.html#fig-dead-units">Figure 1 of Health</a>' in page(site, "index.html")


def test_measured_shows_the_source_highlighted_and_links_to_the_module(site):
    block = re.search(r'<details class="measured">.*?</details>', page(site), re.DOTALL).group()
    assert '<span class="nf">dead_units</span>' in block
    assert 'href="code/planted.analysis.html#L-6"' in block
    assert "gradient" not in block


def test_a_citation_shows_the_reference_and_the_reference_names_the_page(site):
    assert re.search(r'href="references.html#lu2020" title="Lu, L., [^"]+Dying ReLU', page(site))
    assert "Cited on this page" in page(site)
    reference = re.search(r'<li id="lu2020">.*?</li>', page(site, "references.html"), re.DOTALL).group()
    assert 'href="https://arxiv.org/abs/1903.06733"' in reference
    assert 'Cited in <a href="health.html">Health</a>' in reference


def test_a_reference_without_a_year_has_one_full_stop_behind_an_initial():
    made = Reference("a", "data", "A", "Holmes, E. T.", "", "Of <it>", "Here", "https://example.org", "it")
    assert made.text == "Holmes, E. T. Of <it>. Here."
    assert made.markup.startswith("Holmes, E. T. <cite>Of &lt;it&gt;</cite>. Here. ")
    assert replace(made, year="1998").text == "Holmes, E. T. (1998). Of <it>. Here."


def test_a_term_links_to_its_entry_and_the_entry_names_the_page(site):
    assert '<a class="term" href="glossary.html#dead-unit" data-term="dead-unit">unit is dead</a>' in page(
        site, "index.html"
    )
    entry = re.search(r'id="dead-unit">.*?</dd>', page(site, "glossary.html"), re.DOTALL).group()
    assert '<a href="index.html">At a glance</a>' in entry


def test_maths_is_mathml_and_code_is_highlighted(site):
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page(site, "index.html")
    assert "arithmatex" not in page(site, "index.html")
    assert '<span class="nf">dead</span>' in page(site, "index.html")


def test_footnotes_and_contents_are_there(site):
    assert 'href="#fn:why"' in page(site, "index.html")
    assert '<a href="#and-the-gradient">And the gradient</a>' in page(site)


def test_pages_lead_on_to_the_next_and_back_to_the_previous(site):
    assert re.search(r'href="index.html" rel="prev"', page(site))
    assert re.search(r'href="methods.html" rel="next"', page(site))
    assert 'rel="prev"' not in page(site, "index.html")


def test_one_drawing_serves_both_papers(site, arguments):
    drawing = site["figures/health-dead-units.svg"].decode()
    assert drawing == theme.both(arguments["figures"]["health/dead-units"].svg)


def test_a_preview_and_other_data_are_announced_on_every_page(arguments):
    from experiments.study import QUICK

    site = render(
        **arguments | {"study": QUICK, "card": {"dataset": "digits", "title": "small digits", "train": 1, "test": 1}}
    )
    for name in filter(is_html, site):
        assert "Made with small digits, not with MNIST." in page(site, name)
        assert "A preview: the quick study" in page(site, name)


def test_the_published_study_of_mnist_needs_no_notice(site):
    assert 'class="notice"' not in page(site)


# What machines read


def test_facts_json_holds_every_fact_with_its_page(site, arguments):
    facts = json.loads(site["facts.json"])
    assert set(facts) == set(arguments["facts"])
    keys = {"value", "low", "high", "n", "unit", "method", "page", "at"}
    assert set(facts["health.dead.share"]) == keys
    assert facts["health.dead.share"]["page"] == "health"
    assert facts["health.dead.share"]["at"] == {"measure": "health.dead.share"}


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("training.first_epoch.mlp-raw", {"architecture": "mlp", "treatment": "raw"}),
        ("training.class_accuracy.cnn-raw.3", {"architecture": "cnn", "treatment": "raw", "class": "3"}),
        ("health.dead.difference.mlp:normalized.hidden2", {"comparison": "mlp:normalized", "layer": "hidden2"}),
        ("similarity.cka.cnn-raw.conv1.post", {"architecture": "cnn", "treatment": "raw", "layer": "conv1.post"}),
        ("similarity.cka.seeds.raw:cnn.last", {"comparison": "raw:cnn", "layer": "last"}),
        ("data.constant.std.normalized", {"treatment": "normalized"}),
        ("units.count.cnn", {"architecture": "cnn"}),
        ("selectivity.stable.400", {}),
    ],
)
def test_the_name_of_a_fact_says_where_in_the_study_it_is(name, at):
    networks = {
        "mlp": {"layers": ["hidden1", "hidden2", "logits"], "points": ["input", "hidden1.pre", "hidden2.post"]},
        "cnn": {"layers": ["conv1", "logits"], "points": ["input", "conv1.post"]},
    }
    found = Coordinates(PUBLISHED, networks, list("0123456789")).of(name)
    measure = found.pop("measure")
    assert found == at
    assert measure in {
        "training.first_epoch", "training.class_accuracy", "health.dead", "similarity.cka", "similarity.cka.seeds",
        "data.constant.std", "units.count", "selectivity.stable.400",
    }  # fmt: skip


def test_the_manifest_names_study_pages_and_figures(site):
    manifest = json.loads(site["manifest.json"])
    assert set(manifest) == {"study", "dataset", "environment", "stages", "pages", "figures", "files"}
    assert manifest["pages"] == ["index.html", "health.html", "methods.html", "glossary.html", "references.html"]
    assert set(manifest["figures"][0]) == {"id", "page", "file", "data", "code", "key"}
    assert all(each["file"] in site and each["data"] in site for each in manifest["figures"])
    assert set(manifest["stages"]) == {"cached", "published", "computed"}


def test_the_manifest_lists_every_other_file_with_its_digest(site):
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in site.items() if name != "manifest.json"}
    assert listed(site["manifest.json"]) == digests


def test_with_an_address_there_are_canonical_links_a_sitemap_and_a_dated_feed(arguments, root):
    (root / "CITATION.cff").write_text('cff-version: 1.2.0\ndate-released: "2031-02-03"\n')
    site = render(**arguments | {"base_url": "https://example.org/name", "social": {"health": b"\x89PNG"}})
    assert '<link rel="canonical" href="https://example.org/name/health.html">' in page(site)
    assert '<link rel="canonical" href="https://example.org/name/">' in page(site, "index.html")
    assert '<meta property="og:image" content="https://example.org/name/social/health.png">' in page(site)
    assert site["social/health.png"] == b"\x89PNG"
    assert len(ElementTree.fromstring(site["sitemap.xml"])) == 5
    assert "<updated>2031-02-03T00:00:00Z</updated>" in site["feed.xml"].decode()
    ElementTree.fromstring(site["feed.xml"])
    assert site["CITATION.cff"] == (root / "CITATION.cff").read_bytes()
    assert 'href="/name/assets/shared/style.css"' in page(site, "404.html")
    assert 'href="/name/index.html">first page' in page(site, "404.html")


def test_where_the_citation_names_the_source_every_page_links_to_it(arguments, root, site):
    assert "its source" not in page(site, "index.html")
    (root / "CITATION.cff").write_text('date-released: 2031-02-03\nrepository-code: "https://example.org/a/b/"\n')
    linked = 'its source: <a href="https://example.org/a/b">example.org/a/b</a>'
    pages = render(**arguments)
    assert all(linked in pages[name].decode() for name in pages if name.endswith(".html"))


@pytest.mark.parametrize(
    "address", ["", "http://example.org/a", "https://example.org", "javascript:alert(1)", 'https://a/"x']
)
def test_an_address_of_the_source_that_is_none_is_named(arguments, root, address):
    (root / "CITATION.cff").write_text(f"date-released: 2031-02-03\nrepository-code: {address}\n")
    with pytest.raises(PageError, match=r"repository-code .* is no address like"):
        render(**arguments)


def test_without_an_address_there_is_nothing_that_needs_one(site):
    assert "sitemap.xml" not in site
    assert "feed.xml" not in site
    assert "canonical" not in page(site)


# The same bytes


def test_two_renderings_are_the_same_bytes_whatever_the_order_of_the_input(arguments, site):
    turned = {key: dict(reversed(arguments[key].items())) for key in ("facts", "figures")}
    assert render(**arguments | turned) == site


def test_nothing_of_the_folder_reaches_the_site(site, root):
    assert not [name for name, data in site.items() if str(root).encode() in data]


def test_importing_the_renderer_imports_nothing_heavy():
    heavy = ("torch", "numpy", "matplotlib", "sklearn", "scipy")
    code = f"import sys, report.site.render; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Mistakes


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            'fact("health.dead.share")',
            'fact("health.dead.shar")',
            r"line 10: unknown fact 'health.dead.shar'. Did you mean",
        ),
        ('verdict("health.dead.difference")', 'verdict("health.dead")', r"line 11: unknown fact"),
        ('cite("lu2020"', 'cite("lu2021"', r"line 14: unknown reference 'lu2021'. Did you mean 'lu2020'"),
        ('glossary("layer")', 'glossary("stratum")', r"line 24: unknown glossary term 'stratum'"),
        ('see("health/dead-units")', 'see("health/dead")', r"line 14: unknown figure 'health/dead'"),
        ("Units die early", '{{ page("helth") }}', r"line 14: unknown page 'helth'"),
        ("Units die early", "{{ study.epoch }}", r"line 14: study \(it has name, .*\) has no 'epoch'"),
        ("Units die early", "{{ nothing }}", r"line 14: 'nothing' is undefined"),
        ("Units die early", "{{ 1 +", r"line 14: "),
        ("Units die early", "{% if %}", r"line 14: "),
        ("Units die early", r"$x^a^b$", r"maths cannot be read: .*correct the formula"),
        ('"planted.analysis:dead_units"', '"planted.analysis:alive"', r"line 27: no code for .* defines no 'alive'"),
        ('"planted.analysis:dead_units"', '"planted.other:alive"', r"line 27: no code for .* no planted/other.py"),
        ('figure("health/gradient"', 'figure("health/dead-units"', r"stands twice on this page"),
    ],
)
def test_a_mistake_in_a_template_is_named_with_its_line(arguments, root, old, new, complaint):
    edit(root, old, new)
    with pytest.raises(PageError, match=complaint) as error:
        render(**arguments)
    assert str(error.value).startswith("templates/pages/health.md")


def test_faults_of_several_pages_are_told_together(root, arguments):
    for page, line in (("health", '{{ fact("health.accuracy.rwa") }}'), ("methods", '{{ page("helth") }}')):
        path = root / "templates" / "pages" / f"{page}.md"
        path.write_text(path.read_text() + f"\n{line}\n")
    with pytest.raises(PageError) as error:
        render(**arguments)
    told = str(error.value).splitlines()
    assert [line.partition(",")[0] for line in told] == ["templates/pages/health.md", "templates/pages/methods.md"]


def test_a_figure_that_no_page_shows_is_named(arguments, root):
    arguments["figures"]["health/lost"] = arguments["figures"]["health/gradient"]
    with pytest.raises(PageError, match="drawn but on no page: health/lost"):
        render(**arguments)


def test_another_study_may_have_a_figure_that_its_pages_do_not_show(arguments):
    arguments["figures"]["health/lost"] = arguments["figures"]["health/gradient"]
    assert "figures/health-lost.svg" not in render(**arguments | {"study": SMOKE})


def test_a_page_without_a_template_is_named(arguments, root):
    (root / "templates" / "pages" / "health.md").unlink()
    with pytest.raises(PageError, match=r"templates/pages/health.md is missing; write it"):
        render(**arguments)


def test_a_damaged_list_of_references_is_named(arguments, root):
    (root / "templates" / "references.json").write_text("[{]")
    with pytest.raises(PageError, match=r"templates/references.json: cannot be read"):
        render(**arguments)


def test_a_drawing_without_a_size_is_named(arguments):
    arguments["figures"]["health/gradient"] = replace(arguments["figures"]["health/gradient"], svg="<svg/>")
    with pytest.raises(PageError, match="figure 'health/gradient' has no viewBox"):
        render(**arguments)


def test_pages_are_well_formed(site):
    for name in filter(is_html, site):
        Balanced().check(name, page(site, name))


class Balanced(HTMLParser):
    """Checks that every element that needs closing is closed, in order."""

    VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))

    def check(self, name, text):
        self.name, self.open = name, []
        self.feed(text)
        assert self.open == [], name

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{self.name}, line {self.getpos()[0]}: </{tag}>"


def is_html(name):
    return name.endswith(".html")


def test_a_page_of_code_leads_back_to_what_it_made(site):
    drawn = page(site, "code/planted.analysis.html")
    back = re.search(
        r'It draws (?:<a href="\.\./\w+\.html#fig-[\w-]+">Figure \d+ of [\w ]+</a>(?:, | and )?)+\.', drawn
    )
    assert back is not None
    targets = re.findall(r'href="\.\./(\w+\.html)#(fig-[\w-]+)"', back.group())
    assert all(f'id="{anchor}"' in page(site, name) for name, anchor in targets)
    assert 'id="L-6"' in drawn


def test_a_template_is_noted_under_its_path_however_it_is_asked_for(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "words.txt").write_text("words")
    found = writing.environment(tmp_path)
    for name in ("assets/words.txt", "/assets/words.txt", "./assets//words.txt"):
        found.asked.clear()
        assert found.from_string(f'{{% include "{name}" %}}').render() == "words"
        assert found.asked == {"assets/words.txt"}
