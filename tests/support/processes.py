"""What lives on this machine: Linux alone tells."""

from pathlib import Path


def session(leader):
    """{process: its command line} of what lives of a session: all that its leader started, and what these did."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] not in "ZX":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found
