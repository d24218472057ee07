"""What can go wrong between a caller and a score; each error says value, rule and remedy in two languages."""

from __future__ import annotations

from typing import Any, ClassVar


class ServingError(Exception):
    """Base of every error of the serving package.

    `status` is the HTTP status a caller sees and `type` the last part of the problem type's name; `extra`
    holds members that a problem document carries beside the standard ones.
    """

    title: ClassVar[str] = "Cannot serve this"
    title_zh: ClassVar[str] = "无法提供服务"
    remedy: ClassVar[str] = "Correct the request and send it again."
    remedy_zh: ClassVar[str] = "请更正请求后重新提交。"
    status: ClassVar[int] = 400
    type: ClassVar[str] = "bad-request"

    def __init__(self, message: str, message_zh: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh
        self.extra = extra


class MalformedBody(ServingError):
    """A body that is no JSON text in UTF-8."""

    title, title_zh = "Malformed body", "请求正文格式错误"
    remedy = "Send one JSON value in UTF-8."
    remedy_zh = "请以 UTF-8 编码提交一个 JSON 值。"
    type = "malformed-body"


class Unauthenticated(ServingError):
    """No token, or one that nobody holds."""

    title, title_zh = "Not authenticated", "未通过身份验证"
    remedy = "Send `Authorization: Bearer TOKEN` with a token from `customs-risk tokens create`."
    remedy_zh = "请在 Authorization 头中以 Bearer 方式提交由 customs-risk tokens create 生成的令牌。"
    status, type = 401, "not-authenticated"


class Forbidden(ServingError):
    """A token without the scope that the request needs."""

    title, title_zh = "Not allowed", "权限不足"
    remedy = "Ask an administrator for a token with the scope named."
    remedy_zh = "请向管理员申请具有所需权限的令牌。"
    status, type = 403, "not-allowed"


class NotFound(ServingError):
    """Nothing under this address."""

    title, title_zh = "Not found", "未找到"
    remedy = "Check the address; /docs lists every one."
    remedy_zh = "请核对地址；/docs 列出全部接口。"
    status, type = 404, "not-found"


class MethodNotAllowed(ServingError):
    """An address that does not answer this method."""

    title, title_zh = "Method not allowed", "请求方法不允许"
    remedy = "Use a method that the Allow header names."
    remedy_zh = "请使用 Allow 头列出的方法。"
    status, type = 405, "method-not-allowed"


class Conflict(ServingError):
    """A request that contradicts one already answered."""

    title, title_zh = "Conflict", "请求冲突"
    remedy = "Use a new Idempotency-Key for a new request."
    remedy_zh = "新的请求请使用新的 Idempotency-Key。"
    status, type = 409, "conflict"


class BodyTooLarge(ServingError):
    """A body longer than the limit."""

    title, title_zh = "Body too large", "请求正文过大"
    remedy = "Send fewer records in each request, or use `customs-risk import` for files."
    remedy_zh = "请减少每次提交的记录数，或使用 customs-risk import 导入文件。"
    status, type = 413, "body-too-large"


class UnsupportedBody(ServingError):
    """A body that is not announced as plain JSON."""

    title, title_zh = "Unsupported media type", "不支持的媒体类型"
    remedy = "Send the header `Content-Type: application/json` and no Content-Encoding."
    remedy_zh = "请使用 Content-Type: application/json，且不要压缩正文。"
    status, type = 415, "unsupported-media-type"


class InvalidRequest(ServingError):
    """A request that is well formed but breaks a rule."""

    title, title_zh = "Invalid request", "请求不合规则"
    status, type = 422, "invalid-request"


class UnclearInstant(InvalidRequest):
    """An instant that is no ISO 8601 text."""

    remedy = (
        "Write it as text, such as 2026-01-31 or 2026-01-31T08:00:00+08:00; in an address + is written %2B."
    )
    remedy_zh = "请写成文本，如 2026-01-31 或 2026-01-31T08:00:00+08:00；在网址中 + 须写作 %2B。"


class BeyondLast(InvalidRequest):
    """A position to follow from that no score has reached, as after a database was restored from a backup."""

    remedy = (
        "Take `next` of this server's own answers; where its database was restored, start anew from after=0."
    )
    remedy_zh = "请使用本服务器返回的 next；如其数据库曾由备份恢复，请从 after=0 重新开始。"


class NothingAccepted(ServingError):
    """A request none of whose records could be used."""

    title, title_zh = "No record accepted", "没有可接受的记录"
    remedy = "Correct what `rejects` names and send it again; nothing was stored."
    remedy_zh = "请按 rejects 所列更正后重新提交；未保存任何内容。"
    status, type = 422, "nothing-accepted"


class NotReady(ServingError):
    """A server that has no model, or no store, to answer with yet."""

    title, title_zh = "Not ready", "服务尚未就绪"
    remedy = "Wait until /health/ready answers 200; it names what is missing."
    remedy_zh = "请等待 /health/ready 返回 200；该接口会说明缺少什么。"
    status, type = 503, "not-ready"


class NoModel(NotReady):
    """A target for which no model is in use, while others may answer."""

    remedy = "Ask for a target that GET /v1/models marks `in_use`, or have a model of this one promoted."
    remedy_zh = "请改用 GET /v1/models 标为 in_use 的目标，或请管理员训练并启用该目标的模型。"


class ModelGone(ServingError):
    """A stored score whose model is no longer kept, or not as it was."""

    title, title_zh = "Model gone", "模型已不存在"
    remedy = (
        "Read the score and its explanation, which need no model; or have the bundle of its model put back."
    )
    remedy_zh = "评分及其解释无需模型，仍可读取；如需此项，请管理员恢复其模型包。"
    status, type = 410, "model-gone"


class InternalError(ServingError):
    """A fault of ours."""

    title, title_zh = "Internal error", "内部错误"
    remedy = "Nothing was stored. Send it again; if it fails again, report the instance."
    remedy_zh = "未保存任何内容。请重试；如再次失败，请报告 instance 编号。"
    status, type = 500, "internal-error"


class CannotStart(ServingError):
    """A server that would not be able to answer."""

    title, title_zh = "Cannot start", "无法启动"
    remedy = "Run `customs-risk train`; if its gates closed, see `customs-risk promote --help`."
    remedy_zh = "请先运行 customs-risk train；如未通过门槛，请参阅 customs-risk promote --help。"


class CannotWrite(ServingError):
    """A file that cannot be written as it was asked for, found before any work is done."""

    title, title_zh = "Cannot write there", "无法写入该文件"
    remedy = "Name a file of its own that ends in .parquet, in a folder that is there and may be written to."
    remedy_zh = "请指定另一个以 .parquet 结尾的文件，其所在文件夹须存在且可写入。"


class NoModelInUse(CannotStart):
    """A command that needs a model in use, for a target that has none."""

    remedy = (
        "Run `customs-risk train --target` with the target named; `customs-risk models` lists those in use."
    )
    remedy_zh = "请以所列目标运行 customs-risk train --target；customs-risk models 列出现行模型。"


class NeedsPostgresql(CannotStart):
    """Several processes on a database that serves one."""

    remedy = "Set CUSTOMS_RISK_DATABASE_URL to a PostgreSQL database, or serve with one worker."
    remedy_zh = "请将 CUSTOMS_RISK_DATABASE_URL 设为 PostgreSQL 数据库，或只用一个进程。"


class InvalidSetting(CannotStart):
    """A setting that breaks a rule, in the environment or as an option."""

    title, title_zh = "Invalid setting", "设置不合规则"
    remedy = "Correct the variable or option; docs/operations.md lists them all with their defaults."
    remedy_zh = "请更正该环境变量或选项；docs/operations.md 列出全部设置及其默认值。"


class CannotReplay(ServingError):
    """A score whose evidence is incomplete, or does not give the same bits."""

    title, title_zh = "Cannot replay", "无法复算"
    remedy = "Check the score's id, and that its bundle is in CUSTOMS_RISK_HOME/bundles."
    remedy_zh = "请核对评分编号，并确认模型包位于 CUSTOMS_RISK_HOME/bundles。"


class Redacted(CannotReplay):
    """What rests on a record that was redacted since."""

    title, title_zh = "Redacted", "内容已删除"
    remedy = (
        "Read the score itself, or replay it from its stored vector: these stay. What was redacted does not."
    )
    remedy_zh = "评分本身仍可读取，也可由已存的特征向量复算；已删除的内容无法恢复。"
    status, type = 410, "redacted"


class AccountError(ServingError):
    """A token that cannot be created or revoked."""

    title, title_zh = "Token", "令牌"
    remedy = "List what there is with `customs-risk tokens list`."
    remedy_zh = "请用 customs-risk tokens list 查看。"


class InvalidName(AccountError):
    """A name that no token can bear."""

    title, title_zh = "Token name", "令牌名称"
    remedy = "Choose 1 to 128 printable characters, without a space at either end."
    remedy_zh = "请使用 1 至 128 个可打印字符，首尾不含空格。"


class UnknownScope(AccountError):
    """A token asked for with a scope that there is not, or with none."""

    title, title_zh = "Unknown scope", "未知权限"
    remedy = "Use one of the scopes named."
    remedy_zh = "请使用所列的权限范围。"
