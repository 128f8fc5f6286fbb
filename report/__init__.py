"""How the study is shown: numbers and verdicts for prose, figures, pages, and the site made of them."""
