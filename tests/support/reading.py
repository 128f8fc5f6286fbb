"""The running text of a built page, sentence by sentence, and how hard it is to read."""

import html
import re

NO_TEXT = ("pre", "script", "style", "table", "svg", "math", "button", "h1", "h2", "h3", "dl", "fieldset", "select")
KEPT_APART = (
    r'<aside class="notes".*?</aside>',
    r'<section class="cited".*?</section>',
    r"<nav\b.*?</nav>",
    r'<details class="(?:making|measured)[^"]*".*?</details>',
    r'<p class="(?:figure-title|lab-[\w-]+)[^"]*".*?</p>',
)


def sentences(page):
    """The sentences of a page's running text, in order."""
    main = re.search(r"<main.*?</main>", page, re.DOTALL)[0]
    for pattern in (*KEPT_APART, *(rf"<{tag}\b.*?</{tag}>" for tag in NO_TEXT)):
        main = re.sub(pattern, " ", main, flags=re.DOTALL)
    main = re.sub(r'<a class="cite".*?</a>', "Author", main, flags=re.DOTALL)
    for _, block in re.findall(r"<(p|li)\b[^>]*>(.*?)</\1>", main, re.DOTALL):
        text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", block))).strip()
        yield from re.split(r"(?<=[.!?])\s+", text)


def grade(text):
    """The years of school that a text asks for, by the Coleman-Liau index: letters and sentences for each 100 words
    (https://doi.org/10.1037/h0076540). text: its sentences."""
    words = [word for sentence in text for word in re.findall(r"[^\W\d_]+", sentence)]
    letters = sum(map(len, words))
    return 5.88 * letters / len(words) - 29.6 * len(text) / len(words) - 15.8
