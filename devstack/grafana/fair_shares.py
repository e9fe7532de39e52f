"""The row "Fair shares": who waits for slots, beside the bound that quiet shops are promised, and who has the slots."""

from typing import Final

from devstack.grafana.board import Panel, panel

_QUIET: Final = 'shop_images_dwell_seconds_bucket{topic=~".*express"}'
_NOISY: Final = 'shop_images_dwell_seconds_bucket{topic=~".*bulk"}'

FAIR_SHARES: Final[tuple[Panel, ...]] = (
    panel(
        "Fair shares: quiet shops, bound and wait", "s",
        "Longest wait of a quiet shop's event, beside its bound. Above it: see /fairness, and who holds the slots.",
        ("max by (share) (shop_images_fair_wait_seconds)", "{{share}} waited"),
        ("max by (share) (shop_images_fair_bound_seconds)", "{{share}} bound"),
    ),
    panel(
        "Fair shares: beyond their bound", "short",
        "Events of quiet shops that waited beyond the bound in the last minute. More than 0 for minutes: the alert says what to do.",
        ("sum by (share) (shop_images_fair_exceeded)", "{{share}}"),
    ),
    panel(
        "Fair shares: quiet and noisy shops wait, 95 %", "s",
        "From request to image. Quiet: sent by express. Noisy: what shops send beyond that, which may take as long as its burst.",
        (f"histogram_quantile(0.95, sum by (le) (rate({_QUIET}[$__rate_interval])))", "quiet"),
        (f"histogram_quantile(0.95, sum by (le) (rate({_NOISY}[$__rate_interval])))", "noisy"),
    ),
    panel(
        "Fair shares: waiting and running", "short",
        "Events that workers have read and that wait for a slot, and those that hold one. What is behind them in Kafka is lag.",
        ("sum by (share) (shop_images_fair_waiting)", "{{share}} waiting"),
        ("sum by (share) (shop_images_fair_running)", "{{share}} running"),
    ),
    panel(
        "Fair shares: oldest", "s",
        "Age of the event that waits longest. In bulk that is a burst, or a slow source; in express it should be near 0.",
        ("max by (share) (shop_images_fair_oldest_seconds)", "{{share}}"),
    ),
    panel(
        "Fair shares: slots by shop", "short",
        "Slots that shops held on average over the last minute. One far above a quarter while others wait has a weight above 1.",
        ("topk(10, sum by (shop) (shop_images_shop_slot_seconds)) / 60", "{{shop}}"),
    ),
)  # fmt: skip
