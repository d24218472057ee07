"""What a server does beside answering: it forgets answers in time, and what was redacted."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from features.instants import DAY, now
from features.store.database import Store
from serving.storage.answers import forget_answers
from serving.storage.erasing import carry_over, note, redacted_to
from serving.storage.event_lines import catch_up

_LOG = logging.getLogger(__name__)

FORGET_SECONDS = 600.0
"""How often answers too old to be repeated are dropped; they are not given out any more in between."""


class Upkeep:
    """Keeps the database of one server in order; every worker may do it."""

    def __init__(self, store: Store, answers_kept_days: int) -> None:
        self._store = store
        self._kept = answers_kept_days * DAY
        self._forgot: float | None = None
        self._carried: int | None = None
        self._followed = -1

    def start(self) -> None:
        """Do what should be done before a first answer; where it cannot be now, the next `poll` does it."""
        try:
            self.catch_up()
        except SQLAlchemyError as error:
            _LOG.warning("what was redacted is carried over later: %s", error)

    def poll(self) -> None:
        """Do what is due."""
        self.catch_up()
        if self._forgot is None or time.monotonic() - self._forgot >= FORGET_SECONDS:
            forget_answers(self._store.engine, now() - self._kept)
            if self._carried is not None:
                note(self._store.engine, self._carried)
            self._forgot = time.monotonic()

    def catch_up(self) -> None:
        """Carry over what was redacted, withdrawn or cancelled since the last time, by whichever process."""
        engine, until = self._store.engine, self._store.head().sequence
        after = redacted_to(engine) if self._carried is None else self._carried
        if after < until:
            carry_over(engine, after, until)
        self._carried = until
        if self._followed < until:
            catch_up(engine, until)
        self._followed = until
