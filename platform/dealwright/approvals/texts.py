"""The sentences that people are told when something about an approval is refused, in English and Chinese."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dealwright.fields import messages

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Name of a sentence to (English, Chinese).
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # What it has come to
        "approved": ("approved", "已批准"),
        "rejected": ("rejected", "已驳回"),
        "recalled": ("recalled", "已撤回"),
        "returned": ("returned", "已退回"),
        "ended": ("this approval has ended: it was {state}", "此审批已结束：{state}"),
        "decided": ("you have decided this already", "您已处理过此审批"),
        "elsewhere": (
            "you are not asked here; somebody else has decided, or it was handed over",
            "您无需审批：其他人已处理，或已转交他人",
        ),
        "waits": ("this step waits for somebody else to decide before", "此步骤须先由其他人审批"),
        "unseen": (
            "you may not see this record any more, so you cannot decide on it; ask an administrator",
            "您已无权查看此记录，不能审批，请联系管理员",
        ),
        # Asking and taking back
        "may-not-ask": (
            "you may not change this record, so you cannot ask for its approval",
            "您无权修改此记录，因此不能提请审批",
        ),
        "by-rules": ("{approval} is asked for by rules only", "“{approval}”只能由规则自动提请"),
        "pack-off": (
            "{approval} cannot be asked for while its pack is disabled; an administrator can enable it",
            "“{approval}”所属的扩展包已停用，暂时不能发起；管理员可以重新启用",
        ),
        "not-needed": (
            "{approval} is not needed for this record as it is now",
            "按记录目前的内容，无需“{approval}”",
        ),
        "asked-already": (
            "{approval} is asked for already; wait for the decision or take it back",
            "“{approval}”已提请，请等待审批结果或先撤回",
        ),
        "not-yours": ("only who asked for an approval can take it back", "只有申请人可以撤回审批"),
        "too-late": (
            "it cannot be taken back any more; ask those who decide to reject or return it",
            "已不能撤回，请联系审批人驳回或退回",
        ),
        # Sending back, handing over, adding
        "back-to": (
            "it can be sent back to who asked; “{to}” is no other step",
            "只能退回给申请人；“{to}”不是可退回的步骤",
        ),
        "back-to-steps": (
            "it can be sent back to who asked, or to {titles}; “{to}” is none of them",
            "只能退回给申请人或{titles}；“{to}”不在其中",
        ),
        "own-request": (
            "who asked for an approval cannot decide it; choose somebody else",
            "申请人不能审批自己的申请，请选择其他人",
        ),
        "there-already": (
            "this person is asked here already; choose somebody else",
            "此人已在审批人之列，请选择其他人",
        ),
        "too-many": (
            "{count} people were added to this approval already; reject or return it instead",
            "此审批已加签 {count} 人，请驳回或退回",
        ),
        "nobody-wanted": (
            "this step does not wait for somebody to be named",
            "此步骤无需指定审批人",
        ),
        "no-such-person": (
            "there is nobody with this id who can sign in and may read the record; choose somebody else",
            "此人无法登录或无权查看此记录，请选择其他人",
        ),
        # Comments and files
        "say-why": ("say why: {step} wants a comment with this decision", "请填写意见：“{step}”要求说明"),
        "too-long": (
            "the comment has {count:,} characters; at most {most:,} are taken",
            "意见有 {count:,} 个字符，最多 {most:,} 个",
        ),
        "on-the-record": ("; say it on the record", "；请写在记录上"),
        "too-many-notes": (
            "{count} comments and files are there already; say it on the record",
            "此审批已有 {count} 条说明和文件，请写在记录上",
        ),
        "nothing-there": ("write a comment, or choose a file", "请填写说明或选择文件"),
        "no-such-file": (
            "there is no such file, or it belongs to a record; upload it again",
            "文件不存在或已属于其他记录，请重新上传",
        ),
    }
)


def say(name: str, **values: object) -> str:
    """Return a sentence in the language of ``fields.messages.speaking``.

    Raises:
        KeyError: If the name, or a value that its text names, is unknown: a fault of the caller.
    """
    return TEXTS[name][messages.locale().partition("-")[0] == "zh"].format(**values)


def ended(state: str) -> str:
    """Return that an approval has ended, and how."""
    return say("ended", state=say(state))
