"""What a server does beside answering: it forgets answers in time, and what was redacted."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from features.instants import DAY, now
from features.store.database import Store
from serving.storage.answers import forget_answers
from serving.storage.erasing import carry_over, note
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
        self._done = -1

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
            note(self._store.engine, self._done)
            self._forgot = time.monotonic()

    def catch_up(self) -> None:
        """Carry over what was redacted, withdrawn or cancelled since the last time, by whichever process."""
        engine, until = self._store.engine, self._store.head().sequence
        if self._done < until:
            carry_over(engine, self._done, until)
            catch_up(engine, until)
            self._done = until
