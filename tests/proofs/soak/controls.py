"""Controls of shops, drawn by a seed: set beside the faults, most with a short end, and all of them lifted in the end."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

from faust_app.adapters.mariadb.database import Database
from faust_app.core.dispatch.shop_controls import ControlKind
from faust_app.core.failure import Unavailable
from faust_app.core.operators.audit import Actor
from faust_app.flows.controls.shop_desk import ControlDraft, ShopDesk
from faust_app.settings import Settings
from faust_app.wiring.controls import shop_desk
from tests.proofs.soak.load import FIRST_SHOP, SHOPS

LIFTED = 0.25
"""Part of the acts that lift a control of the shop, if it has one of the kind."""
ENDLESS = 0.25
"""Part of the controls that hold until they are lifted."""
VALUES = {ControlKind.WEIGHT: (0.1, 0.5, 3.0, 10.0), ControlKind.SLOTS: (1.0, 2.0, 8.0), ControlKind.RATE: (1.0, 30.0, 600.0)}
LONGEST_SECONDS = 12.0
OPERATOR = Actor("soak")


class Controls:
    """An operator who sets and lifts controls of the load's shops, past the proxies. `counts` is what was done, by kind."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self._settings = settings
        self._random = random.Random(seed)
        self.counts: Counter[str] = Counter()

    async def run(self, until: asyncio.Event, pause: float) -> None:
        """Set or lift a control every `pause` seconds until the event is set; while the database is away, nothing is done."""
        async with Database.connect(self._settings.database, 1) as database:
            desk = shop_desk(database)
            while not until.is_set():
                await asyncio.sleep(pause)
                try:
                    await self._act(desk)
                except Unavailable:
                    self.counts["control: not done, no database"] += 1

    async def lift_all(self) -> None:
        """Lift what holds; return when nothing does."""
        async with Database.connect(self._settings.database, 1) as database:
            desk = shop_desk(database)
            while True:
                try:
                    holding = await desk.controls()
                    for control in holding:
                        await desk.lift(control.shop_no, control.kind, OPERATOR)
                except Unavailable:
                    await asyncio.sleep(0.5)
                    continue
                if not holding:
                    return

    async def _act(self, desk: ShopDesk) -> None:
        shop_no, kind = FIRST_SHOP + self._random.randrange(SHOPS), self._random.choice(list(ControlKind))
        if self._random.random() < LIFTED:
            holding = await desk.controls()
            if holding:
                lifted = self._random.choice(list(holding))
                await desk.lift(lifted.shop_no, lifted.kind, OPERATOR)
                self.counts[f"control: {lifted.kind} lifted"] += 1
                return
        value = self._random.choice(VALUES[kind]) if kind in VALUES else None
        lasts = timedelta(seconds=self._random.uniform(1.0, LONGEST_SECONDS))
        await desk.set(shop_no, ControlDraft(kind, value, "a soak", None if self._random.random() < ENDLESS else lasts), OPERATOR)
        self.counts[f"control: {kind}"] += 1
