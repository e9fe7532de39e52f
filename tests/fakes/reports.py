"""Sessions of shops in memory."""

from dataclasses import replace
from datetime import datetime

from faust_app.core.operators.audit import AuditEntry
from faust_app.core.reports.link import ReportLink
from faust_app.core.reports.session import ReportSession
from tests.fakes.operators import FakeOperators


class FakeReportSessions:
    """Implements `ReportSessions`; clock and audit are those of the operators' store."""

    def __init__(self, store: FakeOperators) -> None:
        self._store = store
        self.used: set[bytes] = set()
        self.sessions: dict[int, ReportSession] = {}
        self._tokens: dict[bytes, int] = {}

    async def open(self, link: ReportLink, session: ReportSession, token_hash: bytes, audit: AuditEntry) -> ReportSession | None:
        self._store.answer()
        if link.use in self.used:
            return None
        self.used.add(link.use)
        number = len(self.sessions) + 1
        self.sessions[number] = opened = replace(session, number=number)
        self._tokens[token_hash] = number
        self._store.record(audit)
        return opened

    async def find(self, token_hash: bytes) -> tuple[ReportSession, datetime] | None:
        self._store.answer()
        number = self._tokens.get(token_hash)
        return None if number is None else (self.sessions[number], self._store.now_is)

    async def saw(self, number: int) -> None:
        if self.sessions[number].revoked_at is None:
            self.sessions[number] = replace(self.sessions[number], seen_at=self._store.now_is)

    async def revoke(self, number: int, audit: AuditEntry) -> bool:
        if number not in self.sessions or self.sessions[number].revoked_at is not None:
            return False
        self.sessions[number] = replace(self.sessions[number], revoked_at=self._store.now_is)
        self._store.record(audit)
        return True

    async def revoke_all(self, shop_no: int, audit: AuditEntry) -> int:
        open_ones = [each for each in self.sessions.values() if each.shop_no == shop_no and each.revoked_at is None]
        for session in open_ones:
            self.sessions[session.number] = replace(session, revoked_at=self._store.now_is)
        self._store.record(replace(audit, detail={**audit.detail, "sessions": len(open_ones)}))
        return len(open_ones)
