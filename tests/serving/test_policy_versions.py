"""A version of a grading policy stands for one content, however many processes take it up at once."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from features.store.database import Store
from models.grading import VersionTaken
from serving.storage.gradings import find_policy, kept_under, remember_policy
from serving.storage.migrate import migrate


def test_of_many_contents_at_once_a_version_keeps_one(store: Store) -> None:
    migrate(store.engine)
    url, many = store.engine.url.render_as_string(hide_password=False), 6
    stores, start = [Store.open(url) for _ in range(many)], Barrier(many)
    taken: list[int] = []
    refused: list[int] = []

    def take(of: int) -> None:
        start.wait()
        try:
            remember_policy(stores[of].engine, f"{of:064d}", "ours-1", f"content {of}")
            taken.append(of)
        except VersionTaken:
            refused.append(of)

    threads = [Thread(target=take, args=(of,)) for of in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (one,) = taken
    assert kept_under(store.engine, "ours-1") == [f"{one:064d}"]
    assert len(refused) == many - 1
    for opened in stores:
        opened.close()


def test_what_a_database_of_before_keeps_twice_goes_on_and_a_third_is_refused(store: Store) -> None:
    migrate(store.engine)
    remember_policy(store.engine, "a" * 64, "ours-1", "first")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO grading_policies (sha256, version, text, first_used_at) "
            f"VALUES ('{'b' * 64}', 'ours-1', 'second', 9000000000000000)"
        )
    for sha256 in ("a" * 64, "b" * 64):
        remember_policy(store.engine, sha256, "ours-1", "as it was")
    assert find_policy(store.engine, "b" * 64) == "second"
    with pytest.raises(VersionTaken, match="a" * 64) as refused:
        remember_policy(store.engine, "c" * 64, "ours-1", "third")
    assert "已有另一内容" in refused.value.message_zh
    assert kept_under(store.engine, "ours-1") == ["a" * 64, "b" * 64]
