"""The error that is the reader's to mend: what was given (a folder, a file, a name) cannot be used."""


class InputError(ValueError):
    """The message names what was given, the cause and the remedy."""
