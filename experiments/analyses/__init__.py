"""One file per analysis, with the name of its page: arrays come in, arrays and facts go out."""
