"""What can be wrong with models, bundles and what they are given; each error names value, rule and remedy."""

from __future__ import annotations

from typing import ClassVar


class ModelsError(Exception):
    """Base of every error of the models package.

    `title` says what kind of error it is, `remedy` what to do about it, in English and Chinese; the message
    itself names the value and the rule it broke.
    """

    title: ClassVar[str] = "Cannot use this model"
    title_zh: ClassVar[str] = "无法使用该模型"
    remedy: ClassVar[str] = "Train and promote a model again, or return to the previous champion."
    remedy_zh: ClassVar[str] = "请重新训练并启用模型，或退回上一个现行模型。"

    def __init__(self, message: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value


class UnsupportedBooster(ModelsError):
    """A booster that exact contributions cannot be computed for."""

    title = "Unsupported booster"
    title_zh = "不支持的提升树模型"
    remedy = "Train with plain LightGBM trees (linear_tree=false) and do not edit the model text."
    remedy_zh = "请使用普通的 LightGBM 树（linear_tree=false）训练，且不要改动模型文本。"


class FrameMismatch(ModelsError):
    """A feature frame whose columns are not the model's."""

    title = "Feature frame does not fit the model"
    title_zh = "特征矩阵与模型不符"
    remedy = "Build the frame with the model's own feature_spec."
    remedy_zh = "请使用模型自带的 feature_spec 生成特征矩阵。"


class UncalibratedDirection(ModelsError):
    """A line of a direction for which the model was never calibrated."""

    title = "Direction without calibration"
    title_zh = "该进出口方向未经校准"
    remedy = "Train on records of that direction, or leave its lines out."
    remedy_zh = "请加入该方向的记录重新训练，或不要提交该方向的货物。"


class CalibrationError(ModelsError):
    """Margins and outcomes that no calibration can be fitted to."""

    title = "Calibration not possible"
    title_zh = "无法校准"
    remedy = "Check the outcomes and weights of the calibration fold."
    remedy_zh = "请检查校准样本的结果与权重。"


class BundleError(ModelsError):
    """A bundle that is incomplete, altered or not signed by a known key."""

    title = "Model bundle refused"
    title_zh = "模型包被拒绝"
    remedy = "Fetch the bundle again from where it was trained; never edit its files."
    remedy_zh = "请从训练处重新获取模型包，切勿改动其中的文件。"


class UntrustedKey(BundleError):
    """A bundle signed by a key that is not trusted here, or where no key is."""

    title = "No trusted key signed it"
    title_zh = "签名密钥不受信任"
    remedy = "Restore the folder keys/ of the home, its public keys among it, or train again with a new one."
    remedy_zh = "请恢复主目录下的 keys/（含公钥），或用新密钥重新训练。"


class KeyFileError(ModelsError):
    """A signing key that is missing, unreadable or readable by others."""

    title = "Signing key"
    title_zh = "签名密钥"
    remedy = "Restore the key file and give it mode 0600, or remove it so that a new one is made."
    remedy_zh = "请恢复密钥文件并将权限设为 0600，或删除后重新生成。"


class PromotionError(ModelsError):
    """A promotion or rollback that the rules do not allow."""

    title = "Promotion refused"
    title_zh = "模型启用被拒绝"
    remedy = "Promote a bundle whose gates passed, or force it with a recorded reason."
    remedy_zh = "请启用通过全部门槛的模型包，或注明理由后强制启用。"


class NoChampion(PromotionError):
    """A target for which no model has been promoted."""

    title = "No model in use"
    title_zh = "尚无现行模型"
    remedy = "Run `customs-risk train --target` with this target: its first version becomes its champion."
    remedy_zh = "请对该目标运行 `customs-risk train --target`：每个目标的首个版本即成为现行模型。"
