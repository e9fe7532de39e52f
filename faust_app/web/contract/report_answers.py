"""What the HTTP interface answers about the pages of a shop, as models: documented and checked like the others."""

from faust_app.web.contract.answers import Answer, Time


class MadeLinkAnswer(Answer):
    """A link into the pages of a shop, and until when it works."""

    url: str
    expires_at: Time


class EndedSessions(Answer):
    """How many sessions of a shop were ended."""

    ended: int
