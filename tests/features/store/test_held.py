"""A held connection is the same for transactions that follow closely, and never one that failed."""

import pytest

from features.store.engine import WRITES
from features.store.held import HeldConnection


class Pool:
    """Stands for an engine: lends connections and notes which came back."""

    def __init__(self):
        self.lent, self.returned = [], []

    def connect(self):
        pool = self

        class Lent:
            def execution_options(self, **options):
                assert options == {WRITES: True}
                pool.lent.append(self)
                return self

            def close(self):
                pool.returned.append(self)

        return Lent()


def test_one_connection_serves_transactions_that_follow_closely():
    pool, held = Pool(), HeldConnection(60.0)
    with held.taken(pool) as first:
        pass
    with held.taken(pool) as second:
        assert second is first
    assert pool.returned == []
    held.give_back()
    held.give_back()
    assert pool.returned == [first]


def test_one_that_failed_or_lay_too_long_is_given_back():
    pool, held = Pool(), HeldConnection(60.0)
    with pytest.raises(ZeroDivisionError), held.taken(pool) as failed:
        raise ZeroDivisionError
    assert pool.returned == [failed]
    late = HeldConnection(-1.0)  # any time is too long
    with late.taken(pool) as old:
        pass
    with late.taken(pool) as new:
        assert new is not old
    assert old in pool.returned


def test_without_seconds_it_is_given_back_at_once():
    pool, held = Pool(), HeldConnection()
    with held.taken(pool) as connection:
        assert pool.returned == []
    assert pool.returned == [connection]
