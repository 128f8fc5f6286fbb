"""Whether the project runs as an installed package or from its own folder, and what it is called there.

An installed one lies in a package, whose folder has an `__init__.py`; that of a clone has none.
"""

from __future__ import annotations

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
INSTALLED = os.path.isfile(os.path.join(ROOT, "__init__.py"))  # noqa: PTH113, PTH118
PROGRAM = "inside-mnist" if INSTALLED else "build.py"  # who speaks
COMMAND = "inside-mnist" if INSTALLED else "python build.py"  # what to type
