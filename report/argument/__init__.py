"""From facts to words: which fact a page asks for, what may be said of it, and the evidence that stands beside it."""
