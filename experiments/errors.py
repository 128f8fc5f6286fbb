"""The errors that are the reader's to mend: what was given cannot be used."""


class InputError(ValueError):
    """Of a folder, a file, a name. The message names what was given, the cause and the remedy."""


class NetworkError(ValueError):
    """Of a network that cannot be studied. The message names its file and class, the cause and the remedy."""
