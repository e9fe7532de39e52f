"""How long a lease lasts, and how often its holder renews it."""

from datetime import timedelta
from typing import Final

LEASE: Final = timedelta(seconds=30)
"""From its last renewal: after this time another process takes over the work of a dead holder."""
RENEW: Final = timedelta(seconds=10)
"""Time between renewals while the work runs: two may fail before the lease is lost."""
