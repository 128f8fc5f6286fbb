"""One file per analysis, with its name: each function draws one figure from its arrays and facts."""
