"""How long a lease lasts, whoever takes it for whatever: one process at a time, and another soon after it dies."""

from datetime import timedelta
from typing import Final

LEASE: Final = timedelta(seconds=30)
"""From when it was last asked for: a dead holder's work is taken up by another process after this time."""
RENEW: Final = timedelta(seconds=10)
"""Between two renewals while the work runs: two may fail before the lease is lost."""
