"""The program's options: their names are a contract."""

OPTIONS = (
    *("--study", "--dataset", "--data", "--out", "--cache", "--jobs", "--scheduler", "--list", "--json", "--explain"),
    *("--check", "--rebuild", "--verify", "--publish", "--serve", "--base-url", "--debug", "--help"),
)
