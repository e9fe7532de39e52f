"""The operator's page of the self-check."""

import pytest

from faust_app.core.selfcheck.finding import Finding, error, ok, warning
from tests.web.operator_site import open_site


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([ok("schema", "at revision 0009")], "Everything is set and reachable."),
        ([warning("alerts", "nobody is told of faults", "set ALERT_WEBHOOK_URL")], "Everything works."),
        ([error("Kafka", "no answer within 4 seconds", "is it up, and is KAFKA_URL right?")], "Something is mis-set or unreachable."),
    ],
)
async def test_the_page_begins_with_how_it_stands_as_a_whole(findings: list[Finding], said: str) -> None:
    async with open_site(findings=findings) as site:
        text = await site.get("/admin/status", await site.session("ada"))
        assert said in text
        assert findings[0].found in text


async def test_what_a_service_says_is_shown_as_text() -> None:
    async with open_site(findings=[error("bucket", "<script>alert(1)</script>", "run `shop-images setup`")]) as site:
        text = await site.get("/admin/status", await site.session("ada"))
        assert "<script>alert" not in text
        assert "Run <code>shop-images setup</code>" in text


async def test_whoever_is_limited_to_shops_has_no_such_page() -> None:
    async with open_site() as site:
        answer = await site.client.get("/admin/status", headers={"Authorization": "Bearer shop-secret"})
        assert answer.status == 403
