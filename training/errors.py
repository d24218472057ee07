"""What can go wrong between records and a registered model; each error names value, rule and remedy."""

from __future__ import annotations

from typing import ClassVar


class TrainingError(Exception):
    """Base of every error of the training package.

    `title` says what kind of error it is and `remedy` what to do about it, in English and Chinese; the
    message names the value and the rule it broke.
    """

    title: ClassVar[str] = "Cannot train"
    title_zh: ClassVar[str] = "无法训练"
    remedy: ClassVar[str] = "Correct the request and run the command again."
    remedy_zh: ClassVar[str] = "请更正后重新运行。"


class TooFewResults(TrainingError):
    """A fold without enough failures or passes to learn or judge from."""

    title = "Too few inspection results"
    title_zh = "查验结果过少"
    remedy = (
        "Import more inspection results, or move --until or --test-from so that each fold has enough of them."
    )
    remedy_zh = "请导入更多查验结果，或调整 --until、--test-from，使各段样本足够。"


class BadPeriod(TrainingError):
    """A period that is empty or runs backwards."""

    title = "Impossible period"
    title_zh = "期间不成立"
    remedy = (
        "Give dates as YYYY-MM-DD, --from and --test-from before --until, with declared lines between them."
    )
    remedy_zh = "日期写作 YYYY-MM-DD，起始日须早于 --until，且期间内须有申报。"


class PeriodOverlap(TrainingError):
    """A period to judge in that overlaps what the model was trained or calibrated on."""

    title = "Judged on its own lessons"
    title_zh = "评估期与训练期重叠"
    remedy = "Choose a later --from, or a model trained until an earlier day."
    remedy_zh = "请选择更晚的 --from，或选用训练截止更早的模型。"


class UnknownVersion(TrainingError):
    """A model version that nobody registered."""

    title = "Unknown model version"
    title_zh = "未登记的模型版本"
    remedy = "List the versions with `customs-risk models`."
    remedy_zh = "用 `customs-risk models` 查看已登记版本。"


class SameVersion(TrainingError):
    """A version that is to be compared with itself."""

    title = "One version twice"
    title_zh = "同一版本"
    remedy = "Name two versions; list them with `customs-risk models`."
    remedy_zh = "请给出两个不同的版本；用 `customs-risk models` 查看。"


class AlreadyChampion(TrainingError):
    """A champion that is to run in its own shadow."""

    title = "Already the champion"
    title_zh = "已是现行模型"
    remedy = "Name another version; list them with `customs-risk models`."
    remedy_zh = "请给出其他版本；用 `customs-risk models` 查看。"


class GateClosed(TrainingError):
    """A version that did not pass its gates and was not forced."""

    title = "The gates are closed"
    title_zh = "未通过启用门槛"
    remedy = "Train again, or promote with --force and a --reason, which is recorded."
    remedy_zh = "请重新训练；确需启用时用 --force 并以 --reason 说明理由（将记录）。"


class BadTruth(TrainingError):
    """A truth file that lacks what judging needs."""

    title = "Unusable truth file"
    title_zh = "真值文件不可用"
    remedy = (
        "Give the truth.parquet that `customs-risk simulate` wrote: columns id, p_latent, p_observable, y."
    )
    remedy_zh = "请使用 `customs-risk simulate` 生成的 truth.parquet（列 id、p_latent、p_observable、y）。"


class CannotWrite(TrainingError):
    """A file that cannot be written as it was asked for, if possible found before any work is done."""

    title = "Cannot write there"
    title_zh = "无法写入该文件"
    remedy = (
        "Name a file that may be written to, or a new one in a folder that is there and may be written to."
    )
    remedy_zh = "请指定可写入的文件，或位于已存在且可写入的文件夹中的新文件。"
