"""The invented history of the demonstration: two years of sales by five sellers, the same for the same seed.

200 accounts and 600 deals, of which the first 40 and 120 are a small history of their own: the others are marked ``more``.
``python tests/sales_history.py`` writes ``rule_packs/sales_pipeline/demo/sales_history.json`` and,
of what was done on the deals, ``sales_work.json``. Stages last as long as
gamma-distributed days, and what enters a stage is lost from it by a share of the stage: most where needs are confirmed, many
before a negotiation. A few large accounts get most of the deals. Days count back from today, so it never grows old.
"""

from __future__ import annotations

import json
import random
from typing import Any

from dealwright.resources import shipped

FILE = shipped("rule_packs") / "sales_pipeline" / "demo" / "sales_history.json"
#: Activities and checklists: what was done on the deals.
WORK = FILE.with_name("sales_work.json")
SEED = 2026
#: Accounts, deals that began more than 60 days ago, and since then: of the small history, and what the large one has more.
SMALL, MORE = (40, 88, 32), (160, 440, 40)
#: Accounts that were written down at one moment.
AT_ONCE = 20

#: Seller, team, skill: what the share of losses is divided by.
SELLERS = [
    ("li", "east", 1.25), ("chen", "east", 1.0), ("ada", "south", 0.8), ("sunlei", "south", 1.05), ("zhouke", "east", 0.7),
]  # fmt: skip
EAST = {
    "Hangzhou": "杭州", "Ningbo": "宁波", "Suzhou": "苏州", "Wuxi": "无锡", "Nantong": "南通", "Jiaxing": "嘉兴",
    "Shaoxing": "绍兴", "Xiamen": "厦门", "Wenzhou": "温州", "Taizhou": "台州", "Huzhou": "湖州", "Jinhua": "金华",
    "Yangzhou": "扬州", "Zhenjiang": "镇江", "Xuzhou": "徐州", "Hefei": "合肥", "Fuzhou": "福州", "Quanzhou": "泉州",
    "Nanjing": "南京", "Changzhou": "常州",
}  # fmt: skip
SOUTH = {
    "Foshan": "佛山", "Dongguan": "东莞", "Zhuhai": "珠海", "Guilin": "桂林", "Nanning": "南宁", "Haikou": "海口",
    "Huizhou": "惠州", "Zhongshan": "中山", "Jiangmen": "江门", "Shantou": "汕头", "Zhanjiang": "湛江",
    "Liuzhou": "柳州", "Sanya": "三亚", "Shaoguan": "韶关",
}  # fmt: skip
#: What an account is, its sector, and how many people work there, from and to.
KINDS = [
    ("Hospital", "medical", 300, 2600), ("Clinic", "medical", 20, 180), ("Foods", "retail", 40, 900),
    ("Logistics", "services", 80, 1500), ("Software", "software", 15, 600), ("Instruments", "technology", 50, 800),
]  # fmt: skip
FAMILY = {
    "Wu": "吴", "Feng": "冯", "Qiu": "邱", "Tang": "唐", "Shen": "沈", "Lu": "陆", "Cao": "曹", "Peng": "彭",
    "Yao": "姚", "Jin": "金", "Fan": "范", "Xie": "谢",
}  # fmt: skip
GIVEN = {
    "Jie": "洁", "Ning": "宁", "Bo": "博", "Yan": "燕", "Hui": "慧", "Rui": "瑞", "Ming": "明", "Xin": "欣",
    "Qing": "青", "Lan": "兰",
}  # fmt: skip
#: Words of the history in Chinese; names are put together of theirs.
CHINESE = {
    "Hospital": "医院", "Clinic": "诊所", "Foods": "食品公司", "Logistics": "物流公司", "Software": "软件公司",
    "Instruments": "仪器公司", "Managing director": "总经理", "Director of purchasing": "采购总监",
    "Head of department": "科室主任", "China": "中国", "East": "华东", "South": "华南",
    "Two systems that do not speak with each other": "两套系统互不相通",
    "Paper forms are filled in twice": "纸质表单要填两遍", "Equipment is older than its guarantee": "设备已过保修期",
    "A new site opens": "新院区即将启用", "Stock is counted by hand": "库存靠人工清点", "Patient monitors": "监护仪",
    "Infusion pumps": "输液泵", "Central station": "中央监护站", "Autumn order": "秋季订货",
    "Spring order": "春季订货", "Training": "培训", "No answer any more": "不再回复",
    "Wanted a price only": "只是问价", "No budget this year": "今年没有预算", "Nobody there decides": "对方无人拍板",
    "No need that we can meet": "需求无法满足", "Chose a competitor's technology": "选择了竞争对手的技术",
    "Solution did not fit the old equipment": "方案与旧设备不兼容", "Too dear": "价格太高",
    "Terms of delivery": "交付条件谈不拢", "Project was stopped": "项目已停止",
    "A site of the same size": "同等规模的单位", "What is still missing": "还缺什么",
    "How it goes on": "进展如何", "Papers that were asked for": "对方要的资料",
    "Who decides, and by when": "谁决定，何时决定",
    "Shown with their own data": "用对方的数据演示", "On site": "现场拜访", "Next step agreed": "已约定下一步",
    "Everything at once": "一次性交付", "In two parts": "分两批交付",
    "Within four weeks, free to site": "四周内送达现场", "Two years, on site within a day": "两年质保，一天内上门",
    "Two others offer the same; ours is served from next door": "另有两家同类产品；我们就近服务",
}  # fmt: skip
JOBS = [("decider", "Managing director"), ("decider", "Director of purchasing"), ("influencer", "Head of department")]
NEEDS = [
    "Two systems that do not speak with each other", "Paper forms are filled in twice",
    "Equipment is older than its guarantee", "A new site opens", "Stock is counted by hand",
]  # fmt: skip
#: What each sector buys: title, product of the demonstration, price.
OFFERS = {
    "medical": [("Patient monitors", "monitor", 28000), ("Infusion pumps", "pump", 6800), ("Central station", "station", 96000)],
    "retail": [("Autumn order", "tea", 132), ("Spring order", "tea", 132)],
}  # fmt: skip
OTHERS = [("Training", "training", 4500), ("Central station", "station", 96000)]
STAGES = ["lead", "needs", "solution", "negotiation", "closing", "won"]
CHANCE = {
    "lead": 10,
    "needs": 25,
    "solution": 50,
    "negotiation": 70,
    "closing": 90,
    "won": 100,
    "lost": 0,
    "archived": 0,
}
TOUCHPOINT = {"lead": "awakening", "needs": "awakening", "solution": "evaluation", "negotiation": "bargaining"}
DAYS = {"lead": 8, "needs": 14, "solution": 24, "negotiation": 17, "closing": 7}
LOSS = {"lead": 0.10, "needs": 0.36, "solution": 0.22, "negotiation": 0.12, "closing": 0.04}
REASONS = {
    "lead": ["No answer any more", "Wanted a price only"],
    "needs": ["No budget this year", "Nobody there decides", "No need that we can meet"],
    "solution": ["Chose a competitor's technology", "Solution did not fit the old equipment"],
    "negotiation": ["Too dear", "Terms of delivery"],
    "closing": ["Project was stopped"],
}
#: Kind of an activity, minutes that it takes, what it is about.
TOUCHES = [
    ("call", 15, "How it goes on"), ("mail", 10, "Papers that were asked for"), ("meeting", 50, "Who decides, and by when"),
    ("demo", 90, "Shown with their own data"), ("visit", 120, "On site"),
]  # fmt: skip
#: Items of the checklist of each stage, and how often each is done by whoever goes on.
ITEMS = {
    "lead": [("research", 0.6), ("first_contact", 0.9)],
    "needs": [("pains", 0.85), ("deciders", 0.5)],
    "solution": [("demo", 0.75), ("reference", 0.6)],
}
#: Days after which activities are entered together.
ENTERED = 10
ANSWERED_BY = "A site of the same size"


class History:
    """What has happened, as ``records.demonstration`` reads it."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        self.effort = random.Random(SEED + 1)
        self.entries: list[dict[str, Any]] = []
        self.done: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = []
        self.texts = dict(CHINESE)
        self.more = False

    def add(self, ago: float, entity: str, **entry: Any) -> None:
        marked = {"more": True} if self.more else {}
        self.entries.append({"days_ago": round(ago, 2), "entity": entity, **entry, **marked})

    def did(self, ago: float, entity: str, **entry: Any) -> None:
        self.add(ago, entity, **entry)
        self.done.append(self.entries.pop())

    def named(self, english: str, *parts: str) -> str:
        """Return a name, and remember it in Chinese."""
        self.texts[english] = "".join(parts)
        return english

    def account(self, city: str, kind: tuple[str, str, int, int]) -> None:
        number, (word, sector, least, most) = len(self.accounts), kind
        region, team = ("East", "east") if city in EAST else ("South", "south")
        mine = [one for one in SELLERS if one[1] == team]
        seller = mine[number % len(mine)]
        size = min(1.0, self.chance.paretovariate(1.3) / 12)
        owned = {"owner": f"@{seller[0]}", "team": f"@{team}"}
        since = 735 - number // AT_ONCE * 1.5
        staff = int(least + (most - least) * size)
        called = self.named(f"{city} {word}", {**EAST, **SOUTH}[city], CHINESE[word])
        data = {"name": called, "sector": sector, "employees": staff, "country": "China", "region": region}
        self.add(since, "sales.account", **{"as": f"h_a{number}"}, data={**data, **owned})
        role, job = self.chance.choice(JOBS)
        family, given = self.chance.choice(list(FAMILY)), self.chance.choice(list(GIVEN))
        name = self.named(f"{family} {given}", FAMILY[family], GIVEN[given])
        person = {"name": name, "account": f"@h_a{number}", "job_title": job, "decision_role": role}
        mail = {"email": f"contact{number}@example.org"}
        self.add(since - 0.05, "sales.contact", **{"as": f"h_c{number}"}, data={**person, **mail, **owned})
        small = self.chance.random() < 0.3
        self.accounts.append(
            {"sector": sector, "seller": seller, "owned": owned, "scale": 0.3 + 3 * size, "small": small}
        )

    def deal(self, number: int, begun: float) -> None:
        weights = [one["scale"] for one in self.accounts]
        at = self.chance.choices(range(len(self.accounts)), weights=weights)[0]
        account = self.accounts[at]
        title, product, price = self.chance.choice(OFFERS.get(account["sector"], OTHERS))
        pieces = self.chance.randint(8, 40) * (12 if price < 1000 else 1) / (4 if price > 50000 else 1)
        amount = round(price * pieces * account["scale"], -2)
        source = self.chance.choice(["website", "event", "social", "referral", "repurchase", "referral"])
        called = self.named(f"{title} {number + 1}", f"{CHINESE[title]} {number + 1}")
        data = {
            "name": called, "account": f"@h_a{at}", "contact": f"@h_c{at}", "source": source,
            "product": f"@{product}", "amount": f"{amount:.0f}", "expected_close": day(begun - 80),
        }  # fmt: skip
        entry = {**data, **standing("lead"), **account["owned"]}
        self.add(begun, "sales.opportunity", **{"as": f"h{number}"}, data=entry)
        open_in = self.walk(number, begun, at, amount)
        if open_in is not None and self.chance.random() < 0.6:
            about = {"entity": "sales.opportunity", "id": f"@h{number}"}
            said = {"about": about, "subject": "What is still missing", "notes": "Next step agreed", **account["owned"]}
            kind = self.chance.choice(["call", "meeting", "mail"])
            self.add(self.chance.uniform(0.1, min(6, begun - 0.1)), "base.activity", data={"kind": kind, **said})

    def walk(self, number: int, begun: float, at: int, amount: float) -> str | None:
        """Let a deal go from stage to stage until today; return where it is, None if it has ended."""
        account, stage, ago = self.accounts[at], "lead", begun
        # Small customers of the East decide faster.
        quick = 0.7 if account["small"] and account["seller"][1] == "east" else 1.0
        pace = quick * self.chance.uniform(0.7, 1.4)
        while stage != "won":
            days = max(0.6, self.chance.gammavariate(2.2, DAYS[stage] / 2.2) * pace)
            entered, ago = ago, ago - days * (3 if self.chance.random() < 0.06 else 1)
            if ago < 0.3:
                self.work(number, stage, entered, 8, account, goes_on=False)
                return stage
            lost = self.chance.random() < LOSS[stage] / account["seller"][2]
            self.work(number, stage, entered, ago, account, goes_on=not lost)
            if lost:
                end = "archived" if stage == "lead" else "lost"
                closed = {} if stage == "lead" else {"closed_on": day(ago)}
                self.move(number, ago, end, closed, reason=self.chance.choice(REASONS[stage]))
                return None
            if stage == "solution" and self.chance.random() < 0.12:
                back = {**self.learned("solution", begun, ago, at, amount), "case_reference": ANSWERED_BY}
                self.move(number, ago, "needs", back)
                stage = "needs"
                continue
            if stage == "negotiation":
                options = [("Everything at once", amount * 0.95), ("In two parts", amount)]
                rows = [{"title": title, "price": f"{price:.0f}"} for title, price in options]
                quote = {"opportunity": f"@h{number}", "template": "standard", "status": "sent", "options": rows}
                self.add(ago + 0.2, "sales.quote", data={**quote, **account["owned"]})
            onward = STAGES[STAGES.index(stage) + 1]
            self.move(number, ago, onward, self.learned(stage, begun, ago, at, amount))
            stage = onward
        return None

    def work(
        self, number: int, stage: str, entered: float, until: float, account: dict[str, Any], *, goes_on: bool
    ) -> None:
        """Let the seller work on a deal in a stage, on what goes on more than on what is lost there."""
        if entered - until < 2.5:
            return
        about = {"entity": "sales.opportunity", "id": f"@h{number}"}
        while self.effort.random() < (0.42 if goes_on else 0.22):
            often = [5, 4, 3, 2 if stage == "solution" else 0, 1]
            kind, minutes, subject = self.effort.choices(TOUCHES, weights=often)[0]
            on, hour = round(self.effort.uniform(until + 1, entered - 1)), self.effort.randint(9, 16)
            took = {"at": {"days_ago": on, "at": f"{hour:02}:00"}}
            if self.effort.random() < 0.8:
                took["ended_at"] = {"days_ago": on, "at": f"{hour + minutes // 60:02}:{minutes % 60:02}"}
            said = {"kind": kind, "about": about, "subject": subject, "notes": "Next step agreed", **account["owned"]}
            self.did(max(on - on % ENTERED, 0.05), "base.activity", data={**said, **took})
        done = [item for item, often in ITEMS.get(stage, ()) if self.effort.random() < often * (1 if goes_on else 0.5)]
        if done:
            self.did(until + 0.5, "sales.opportunity", record=f"@h{number}", done={stage: done})

    def learned(self, stage: str, begun: float, ago: float, at: int, amount: float) -> dict[str, Any]:
        """Return what a deal needs to leave a stage."""
        if stage == "lead":
            return {"interest": True, "engaged_on": day(begun)}
        if stage == "needs":
            known = {"need": self.chance.choice(NEEDS), "budget": f"{amount * 1.1:.0f}"}
            return {**known, "authority": f"@h_c{at}", "timeline": day(ago - 60)}
        if stage == "solution":
            shown = {"demo_on": day(ago + 2)} if self.chance.random() < 0.7 else {"case_reference": ANSWERED_BY}
            verified = {"decision_map": [{"contact": f"@h_c{at}", "decides": True}], "decision_map_on": day(ago)}
            return {
                **shown,
                "needs_match": str(round(60 + 40 * (1 - amount % 7000 / 7000))),
                "budget_ok": True,
                **verified,
            }
        if stage == "negotiation":
            return {
                "delivery_terms": "Within four weeks, free to site",
                "service_terms": "Two years, on site within a day",
                "risks": {"price": True, "delivery": True, "competitor": True},
                "alternatives": "Two others offer the same; ours is served from next door",
            }
        return {"contract_signed_on": day(ago + 3), "down_payment_on": day(ago), "closed_on": day(ago)}

    def move(self, number: int, ago: float, to: str, data: dict[str, Any], **more: str) -> None:
        self.add(ago, "sales.opportunity", record=f"@h{number}", to=to, data={**standing(to), **data}, **more)


def day(ago: float) -> dict[str, int]:
    return {"days_ago": round(ago)}


def standing(stage: str) -> dict[str, str]:
    """Return what rules would have set in a stage: they are not asked about what is long over."""
    chance = CHANCE[stage]
    tier = "A" if chance >= 70 else "B" if chance >= 30 else "C"
    return {"win_probability": str(chance), "tier": tier, "touchpoint": TOUCHPOINT.get(stage, "decision")}


def written() -> tuple[str, str]:
    """Return the history as the file holds it, the oldest first, and the work on deals as that of its own does."""
    history = History()
    places = [(city, kind) for city in (*EAST, *SOUTH) for kind in KINDS]
    history.chance.shuffle(places)
    deals = 0
    for size in (SMALL, MORE):
        history.more = size is MORE
        accounts, older, newer = size
        for _ in range(accounts):
            history.account(*places.pop())
        begun = [history.chance.uniform(60, 715) for _ in range(older)]
        begun += [history.chance.uniform(1, 60) for _ in range(newer)]
        for number, ago in enumerate(sorted(begun, reverse=True), start=deals):
            history.deal(number, ago)
        deals += older + newer
    texts = json.dumps({"zh-CN": history.texts}, ensure_ascii=False)
    happened, done = (_lines(one) for one in (history.entries, history.done))
    return '{\n  "texts": ' + texts + ",\n" + happened, "{\n" + done


def _lines(entries: list[dict[str, Any]]) -> str:
    entries = sorted(entries, key=lambda one: -float(one["days_ago"]))
    lines = ",\n".join("    " + json.dumps(one, ensure_ascii=False) for one in entries)
    return '  "history": [\n' + lines + "\n  ]\n}\n"


if __name__ == "__main__":
    for file, text in zip((FILE, WORK), written(), strict=True):
        file.write_text(text, encoding="utf-8")
