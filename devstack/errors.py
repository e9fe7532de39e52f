"""The one error of the development stack that a person is meant to read."""


class DevstackError(Exception):
    """Something the user can act on: its text is one line that says what is wrong, where, and what to do."""
