"""What a server does beside answering: it forgets answers in time, and what was redacted."""

from __future__ import annotations

import time

from features.instants import DAY, now
from features.store.database import Store
from serving.storage.answers import forget_answers
from serving.storage.erasing import erase, redacted_to, redactions
from serving.storage.transactions import writing

FORGET_SECONDS = 600.0
"""How often answers too old to be repeated are dropped; they are not given out any more in between."""


class Upkeep:
    """Keeps the database of one server in order; every worker may do it."""

    def __init__(self, store: Store, answers_kept_days: int) -> None:
        self._store = store
        self._kept = answers_kept_days * DAY
        self._forgot: float | None = None
        self._carried: int | None = None

    def poll(self) -> None:
        """Do what is due."""
        self._erase()
        if self._forgot is None or time.monotonic() - self._forgot >= FORGET_SECONDS:
            with writing(self._store.engine) as connection:
                forget_answers(connection, now() - self._kept)
                if self._carried is not None:
                    erase(connection, [], self._carried)
            self._forgot = time.monotonic()

    def _erase(self) -> None:
        """Carry over what was redacted since the last time, by whichever process."""
        engine, until = self._store.engine, self._store.head().sequence
        after = redacted_to(engine) if self._carried is None else self._carried
        if after < until:
            found = redactions(engine, after, until)
            if found:
                with writing(engine) as connection:
                    erase(connection, found, until)
        self._carried = until
