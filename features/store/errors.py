"""What can go wrong with the store: its database, and what is asked of it."""

from __future__ import annotations

from features.errors import RecordError, StoreError


class InvalidDatabaseUrl(StoreError):
    """A database URL that names no database this store can use."""

    title = "Unusable database URL"
    title_zh = "数据库地址不可用"
    remedy = (
        "Set CUSTOMS_RISK_DATABASE_URL to sqlite:///path/to/file.db or to postgresql+psycopg://user:password@host/name"
        "; PostgreSQL needs the extra customs-risk[postgresql]."
    )
    remedy_zh = (
        "请将 CUSTOMS_RISK_DATABASE_URL 设为 sqlite:///路径/文件.db 或 postgresql+psycopg://用户:密码@主机/库名；"
        "使用 PostgreSQL 须安装附加组件 customs-risk[postgresql]。"
    )


class UnreachableDatabase(StoreError):
    """The database does not answer, or its file cannot be opened."""

    title = "Database unreachable"
    title_zh = "无法连接数据库"
    remedy = "Check CUSTOMS_RISK_DATABASE_URL, that the server runs, that file and folder are writable."
    remedy_zh = "请检查 CUSTOMS_RISK_DATABASE_URL、数据库服务是否运行，以及文件及其目录是否可写。"


class DatabaseNewer(StoreError):
    """The database was migrated by a later version of this program."""

    title = "Database newer than the program"
    title_zh = "数据库版本高于程序"
    remedy = "Run the version of customs-risk that migrated this database, or a later one."
    remedy_zh = "请使用迁移过该数据库的 customs-risk 版本或更新版本。"


class DatabaseOlder(StoreError):
    """The database lacks migrations that this program needs."""

    title = "Database not migrated"
    title_zh = "数据库尚未迁移"
    remedy = "Back up the database, then migrate it: customs-risk import and serve do so when they start."
    remedy_zh = "请先备份数据库，再进行迁移：customs-risk import 与 customs-risk serve 启动时自动迁移。"


class WriteFailed(StoreError):
    """A transaction was not confirmed as committed: none of it counts as stored."""

    title = "Not stored"
    title_zh = "未能存储"
    remedy = "Check the database (disk, connection, locks) and send it again; nothing is stored twice."
    remedy_zh = "请检查数据库（磁盘空间、连接、锁）后重新提交；已存储的内容不会重复存储。"


class WriterClosed(StoreError):
    """Something was handed to a writer that has been closed."""

    title = "The writer is closed"
    title_zh = "写入已关闭"
    remedy = "The process is shutting down; send it again to a running one."
    remedy_zh = "进程正在关闭，请稍后重新提交。"


class EntryError(RecordError):
    """An entry that the store refuses; `position` is its place in the batch, of which nothing was stored."""

    title = "Record refused"
    title_zh = "记录被拒绝"

    def __init__(
        self, message: str, *, field: str | None = None, value: object = None, position: int = 0
    ) -> None:
        super().__init__(message, field=field, value=value)
        self.position = position


class KnownInFuture(EntryError):
    """An imported record said to have become known later than now."""

    title = "Known in the future"
    title_zh = "获知时间晚于当前时间"
    remedy = "Give when the record became known, in UTC microseconds, no later than now; check clocks."
    remedy_zh = "获知时间不得晚于当前时间（UTC 微秒），请更正并检查时钟。"


class KnownAtReserved(EntryError):
    """A live record with a known_at of its own."""

    title = "known_at is the store's to give"
    title_zh = "获知时间由系统给定"
    remedy = "Leave known_at out; only imports may set it."
    remedy_zh = "请勿填写获知时间；仅批量导入可以指定。"


class UnknownRecord(EntryError):
    """A withdrawal or redaction of a record that was never stored."""

    title = "No such record"
    title_zh = "记录不存在"
    remedy = "Check kind and id; only a stored record can be withdrawn or redacted."
    remedy_zh = "请核对类别和编号；只能撤回或删除已存储的记录。"


class ErasedContent(EntryError):
    """A record with the very content that a redaction erased."""

    title = "Erased content"
    title_zh = "内容已被删除"
    remedy = "Leave the record out of what is sent; if it is meant to be declared anew, give it a new id."
    remedy_zh = "请勿再次提交该记录；如确需重新申报，请使用新的编号。"


class UnstorableRecord(EntryError):
    """A record that would not read back as it was written."""

    title = "Record cannot be stored"
    title_zh = "记录无法存储"
    remedy = (
        "Correct the field: numbers must be finite, text valid Unicode, codes and times within their limits."
    )
    remedy_zh = "请更正该字段：数值必须有限，文本须为有效 Unicode，代码和时间须在允许范围内。"
