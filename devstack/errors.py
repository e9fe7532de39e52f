"""The one error of the development stack that is shown to the user."""


class DevstackError(Exception):
    """An error the user can act on: its text is one line that says what is wrong, where, and what to do."""
