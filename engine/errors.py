"""The base of all errors whose message is meant for the user."""


class ZonediffError(Exception):
    """Zonediff cannot do its task; the message says why and, where possible, what would help.

    Catch it to handle every error that bad input, a broken variant, a file or a cluster causes.
    """
