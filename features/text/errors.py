"""What can be wrong with text models and what they are trained on."""

from __future__ import annotations

from features.errors import FeaturesError


class TextModelError(FeaturesError):
    """A text model that cannot be trained from what was given, or a file that is none."""

    title = "Text model"
    title_zh = "文本模型"
    remedy = "Train it again from labelled texts of at least two classes, with this version of the text code."
    remedy_zh = "请用至少两类的标注文本,以当前文本版本重新训练。"
