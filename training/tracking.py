"""Runs and registered versions in MLflow: the only module that knows it.

Everything lies under the product's home: `mlflow.db` (SQLite) and `mlflow-artifacts/`. Nothing that serves
reads it: which bundle is in use is a row in the product's database (`models.promotions`), mirrored here as
the alias `champion`.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.errors import UnknownVersion

CHAMPION, CHALLENGER = "champion", "challenger"
_FINGERPRINT = "bundle_fingerprint"
_LONGEST_TAG = 5_000
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Without it the pages open on traces of chats instead of runs and their figures."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a training or a search leaves behind: settings, figures, tags, and folders of files by place."""

    target: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """What a run holds: figures, settings, tags, and its files by path."""

    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model version; `name` is the target and `aliases` what it is just now."""

    name: str
    version: int
    fingerprint: str
    run_id: str
    registered_at_ms: int
    aliases: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


class Tracking:
    """The MLflow records of one home."""

    def __init__(self, home: Path) -> None:
        self._artifacts = (home / "mlflow-artifacts").resolve()
        home.mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{(home / 'mlflow.db').resolve()}"
        with _mlflow() as mlflow:
            self._client = mlflow.tracking.MlflowClient(tracking_uri=uri, registry_uri=uri)

    def register(self, run: Run, fingerprint: str) -> Version:
        """Log a finished training with its files, and register its bundle as the target's next version."""
        with _mlflow() as mlflow:
            run_id, place = self._log(mlflow, run)
            if not self._client.search_registered_models(f"name = '{run.target}'"):
                self._client.create_registered_model(run.target)
            tags = {_FINGERPRINT: fingerprint}
            made = self._client.create_model_version(run.target, f"{place}/bundle", run_id, tags=tags)
        return self.version(run.target, int(made.version))

    def log(self, run: Run) -> None:
        """Log something finished that makes no version."""
        with _mlflow() as mlflow:
            self._log(mlflow, run)

    def name(self, version: Version, title: str) -> None:
        """Give the run of a version the name by which a list shows it."""
        with _mlflow():
            self._client.update_run(version.run_id, name=title)

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Set tags on a version and on its run; a value that is too long is cut."""
        with _mlflow():
            for key, value in tags.items():
                told = value if len(value) <= _LONGEST_TAG else f"{value[: _LONGEST_TAG - 1]}…"
                self._client.set_tag(version.run_id, key, told)
                self._client.set_model_version_tag(version.name, str(version.version), key, told)

    def attach(self, version: Version, artifacts: Mapping[str, Path]) -> None:
        """Add folders of files to the run of a version, by their place in it."""
        with _mlflow():
            for place, folder in artifacts.items():
                self._client.log_artifacts(version.run_id, str(folder), place)

    def fetch(self, version: Version, place: str, folder: Path) -> Path:
        """Copy a folder of files of a version's run to a local folder and return where they are."""
        with _mlflow():
            return Path(self._client.download_artifacts(version.run_id, place, str(folder)))

    def run(self, version: Version) -> Logged:
        """Return what the run of a version logged."""
        with _mlflow():
            return self._logged(self._client.get_run(version.run_id))

    def runs(self, target: str, kind: str) -> list[Logged]:
        """Return what the runs of a kind logged for a target, the newest first."""
        with _mlflow():
            found = self._client.search_runs([self._experiment(target)], f"tags.kind = '{kind}'")
            return [self._logged(each) for each in found]

    def _logged(self, run: Any) -> Logged:
        files = list(self._files(run.info.run_id, None))
        return Logged(dict(run.data.metrics), dict(run.data.params), dict(run.data.tags), files)

    def _files(self, run_id: str, folder: str | None) -> Iterator[str]:
        for entry in self._client.list_artifacts(run_id, folder):
            if entry.is_dir:
                yield from self._files(run_id, entry.path)
            else:
                yield entry.path

    def version(self, name: str, version: int) -> Version:
        """Return a registered version; raises UnknownVersion."""
        found = [each for each in self.versions(name) if each.version == version]
        if not found:
            known = ", ".join(str(each) for each in self.versions(name)) or "none"
            raise UnknownVersion(f"{name}/{version} is not a registered version (known: {known})")
        return found[0]

    def versions(self, name: str | None = None) -> list[Version]:
        """Return the registered versions, of one target or of all, oldest first."""
        with _mlflow():
            models = self._client.search_registered_models(f"name = '{name}'" if name else None)
            found = [
                _version(version, model.aliases)
                for model in models
                for version in self._client.search_model_versions(f"name = '{model.name}'")
            ]
        return sorted(found, key=lambda each: (each.name, each.version))

    def alias(self, version: Version, alias: str) -> None:
        """Let an alias point to a version; any other loses it."""
        with _mlflow():
            self._client.set_registered_model_alias(version.name, alias, str(version.version))

    def drop_alias(self, version: Version, alias: str) -> None:
        """Take an alias away from a version that has it."""
        if alias in version.aliases:
            with _mlflow():
                self._client.delete_registered_model_alias(version.name, alias)

    def _log(self, mlflow: Any, run: Run) -> tuple[str, str]:
        entities = mlflow.entities
        info = self._client.create_run(self._experiment(run.target), tags=dict(run.tags)).info
        now = info.start_time
        metrics = [
            entities.Metric(name, value, now, 0)
            for name, value in run.metrics.items()
            if math.isfinite(value)
        ]
        params = [entities.Param(name, str(value)) for name, value in run.params.items()]
        self._client.log_batch(info.run_id, metrics=metrics, params=params)
        for place, folder in run.artifacts.items():
            self._client.log_artifacts(info.run_id, str(folder), place)
        self._client.set_terminated(info.run_id)
        return info.run_id, info.artifact_uri

    def _experiment(self, target: str) -> str:
        name = f"customs-risk {target}"
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, (self._artifacts / target).as_uri(), tags=_KIND))


@contextmanager
def _mlflow() -> Iterator[Any]:
    """Lend MLflow without its telemetry, its pickles and its chatter."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    with warnings.catch_warnings():
        # Its dependencies warn of their own future; nobody here can act on that.
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.tracking

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        yield mlflow


def _version(version: Any, aliases: Mapping[str, str]) -> Version:
    number = str(version.version)
    return Version(
        name=version.name,
        version=int(number),
        fingerprint=version.tags.get(_FINGERPRINT, ""),
        run_id=version.run_id,
        registered_at_ms=version.creation_timestamp,
        aliases=tuple(sorted(alias for alias, at in aliases.items() if str(at) == number)),
    )
