"""The sentences that people are told about stages and refused changes, in English and Chinese.

Those about values are ``fields.messages``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dealwright.fields import messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

#: Code of the problem to (English, Chinese).
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "gate-unmet": (
            "the {record} cannot go to {stage} yet: {count} {things} missing",
            "{record}还不能进入“{stage}”：缺少 {count} 项",
        ),
        "same-stage": ("the {record} is in the stage {stage} already", "{record}已处于“{stage}”"),
        "does-not-follow": (
            "{stage} does not follow {here}; from here it goes to {choices}",
            "不能从“{here}”直接进入“{stage}”；可以进入：{choices}",
        ),
        "no-other-stage": ("no other", "无"),
        "no-pipeline": (
            "{records} are in no pipeline; there is no stage to move to",
            "{records}不属于任何流程，没有可进入的阶段",
        ),
        "archived": (
            "the {record} is archived; restore it before you change it",
            "此{record}已归档，请先恢复再修改",
        ),
        "place-taken": (
            "another {record} has taken its place; change that one first, then restore this",
            "另一条{record}已使用相同的值，请先修改那一条，再恢复此记录",
        ),
        "must-be-kept": (
            "this {record} must still be kept: {why}; archive it instead",
            "此{record}仍在保存期内：{why}；请改为归档",
        ),
        "referred-to": (
            "{count} {others} refer to this {record} by {field}; archive them first, or point them elsewhere",
            "有 {count} 条{others}通过“{field}”引用此{record}，请先归档它们或改为引用其他记录",
        ),
        "row-refers-to-none": (
            "there is no {title} whose {field} is “{text}”{more}",
            "没有“{field}”为“{text}”的{title}{more}",
        ),
        "row-refers-to-several": (
            "{count} records of {title} have {field} “{text}”; make it unique, or use their ids",
            "有 {count} 条{title}的“{field}”为“{text}”，请使其唯一，或改用编号",
        ),
        "row-without-key": (
            "the key {key} is empty; every row needs one",
            "匹配依据“{key}”为空，每行都需要填写",
        ),
        "row-meets-several": (
            "{count} records have the same {fields}; change one of them, or say which by its number",
            "有 {count} 条记录的{fields}相同，请先修改其中一条，或改用编号指定",
        ),
        "row-key-twice": (
            "the key “{value}” stands in row {row} too; keep one of them",
            "匹配依据“{value}”在第 {row} 行已出现，请只保留一行",
        ),
        "row-too-wide": (
            "the row has {cells} cells, the header {columns}; look for a comma without quotes",
            "此行有 {cells} 格，表头有 {columns} 格，请检查是否有逗号未加引号",
        ),
        "reason-needed": ("Say why: a reason is needed here.", "请填写原因。"),
        "item-undone": ("“{item}” is not done; do it and tick it off.", "“{item}”尚未完成，请完成后勾选。"),
        "item-without-note": ("“{item}” needs a note; write one.", "“{item}”需要备注，请填写。"),
        "item-without-file": ("“{item}” needs a document; upload it.", "“{item}”需要文件，请上传。"),
        "item-without-document": (
            "“{item}” needs a document of the type {document}; upload it.",
            "“{item}”需要“{document}”类文件，请上传。",
        ),
        "sequence-runs": (
            "“{sequence}” runs for this {record} already; end it first",
            "“{sequence}”已在此{record}上运行，请先结束",
        ),
        "sequence-once": (
            "“{sequence}” has run for this {record} and runs for each only once",
            "“{sequence}”已在此{record}上运行过，每条只运行一次",
        ),
        "sequence-over": (
            "what ends “{sequence}” holds for this {record} already, so it does not start",
            "此{record}已满足“{sequence}”的结束条件，因此不会启动",
        ),
        "sequence-still": (
            "“{sequence}” does not run for this {record}",
            "“{sequence}”未在此{record}上运行",
        ),
        "pipeline-not-offered": (
            "This record does not belong in the pipeline “{pipeline}”; choose another one, or leave it out.",
            "此记录不适用流程“{pipeline}”，请另选或留空。",
        ),
        "form-met-record": (
            "The form “{title}” was sent by somebody who is here already",
            "表单“{title}”的提交者已有记录",
        ),
        "form-met-why": (
            "There is a record like this, so none was made. The sender was thanked. Look at what was sent:",
            "已有相同的记录，因此未新建。提交者已收到感谢信息。请查看提交的内容：",
        ),
        "form-file": ("A file came along and was not kept: {name}", "随附文件未保留：{name}"),
        "has-changed": ("{field} has changed", "{field}已更改"),
        "was-archived": ("It was archived", "记录已归档"),
        "was-restored": ("It was restored", "记录已恢复"),
        "and-more": ("and {count} more", "另有 {count} 项"),
        "starts-elsewhere": (
            "A new record starts in “{stage}”; leave the stage out. To create it further on needs the right to import.",
            "新记录从“{stage}”开始，请去掉阶段。直接建在之后的阶段需要导入权限。",
        ),
    }
)


def say(code: str, **values: object) -> str:
    """Return the sentence for a code in the language of ``fields.messages.speaking``.

    Raises:
        KeyError: If the code, or a value that its text names, is unknown: a fault of the caller.
    """
    return TEXTS[code][1 if messages.locale().partition("-")[0] == "zh" else 0].format(**values)


def called(catalog: Catalog, entity: Entity, *, several: bool = False) -> str:
    """Return what one record of an entity, or several, are called in the language of ``fields.messages.speaking``."""
    at, otherwise = ("/plural", entity.plural) if several else ("/title", entity.title)
    return catalog.text("entity", entity.id, at, messages.locale()) or otherwise
