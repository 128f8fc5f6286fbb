"""Templates and what was found go in; the pages of a site come out."""
