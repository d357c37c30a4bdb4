"""The kinds of request the core takes. Start at `BUILT_IN`; the demo replaces the list with the product's tree."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.store import Store

Datatype = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS services (
    position INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, definition TEXT NOT NULL);
"""


class Choice(BaseModel):
    """One value of a list."""

    key: str
    name: str


class Attribute(BaseModel):
    """One further question about a kind of request."""

    variable: bool = True
    code: str
    datatype: Datatype = "string"
    required: bool = False
    datatype_description: str | None = None
    order: int = 1
    description: str = ""
    values: list[Choice] = Field(default_factory=list)


class Service(BaseModel):
    """One kind of request."""

    model_config = ConfigDict(extra="ignore")
    service_code: str = Field(min_length=1)
    service_name: str
    description: str | None = None
    type: Literal["realtime", "batch", "blackbox"] = "realtime"
    keywords: str | None = None
    group: str | None = None
    attributes: list[Attribute] = Field(default_factory=list)

    def listed(self) -> dict[str, object]:
        """As in the list of services."""
        return {
            "service_code": self.service_code,
            "service_name": self.service_name,
            "description": self.description,
            "metadata": bool(self.attributes),
            "type": self.type,
            "keywords": self.keywords,
            "group": self.group,
        }

    def defined(self) -> dict[str, object]:
        """As its definition."""
        ordered = sorted(self.attributes, key=lambda attribute: attribute.order)
        return {"service_code": self.service_code, "attributes": [one.model_dump() for one in ordered]}


GENERAL = Service(
    service_code="general",
    service_name="综合诉求",
    description="说不清属于哪一类的，都可以从这里提。",
    keywords="综合,其他,咨询,建议",
    group="综合",
)
_GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "市容环卫": (
        ("street-vendor", "占道经营", "摊位、店铺占用人行道或消防通道"),
        ("garbage", "垃圾清运", "垃圾堆放、桶满、异味"),
        ("street-cleaning", "道路保洁", "路面脏污、积水、落叶"),
        ("illegal-building", "违法搭建", "天台、通道、院内私自搭建"),
    ),
    "市政设施": (
        ("streetlight", "路灯不亮", "路灯损坏、闪烁、白天不灭"),
        ("road-damage", "道路破损", "坑洼、裂缝、砖块松动"),
        ("井盖", "井盖缺失或破损", "井盖丢失、松动、下沉"),
        ("greening", "绿化养护", "树枝过长、枯死、倒伏"),
    ),
    "噪音扰民": (
        ("noise-construction", "施工噪音", "夜间或午休时间施工"),
        ("noise-neighbour", "生活噪音", "邻里、音响、广场活动"),
    ),
    "小区物业": (
        ("property", "物业服务", "物业不作为、收费、保安保洁"),
        ("lift", "电梯故障", "停梯、困人、异响"),
        ("leak", "漏水渗水", "楼上漏水、外墙渗水、管道破裂"),
    ),
    "交通出行": (
        ("parking", "乱停车", "占用通道、盲道、出入口停车"),
        ("traffic", "交通秩序", "信号灯、标线、拥堵、逆行"),
    ),
    "水电燃气": (("water-supply", "供水供电供气", "停水停电、水压低、燃气异味"),),
    "安全隐患": (
        ("fire-safety", "消防安全", "通道堵塞、电动车上楼充电、器材缺失"),
        ("hazard", "其他隐患", "高空坠物、外墙脱落、裸露电线"),
    ),
    "民生服务": (
        ("labour", "劳动工资", "拖欠工资、合同、工伤"),
        ("school", "入学教育", "学位、校园周边、培训退费"),
    ),
}
_ATTRIBUTES: dict[str, list[Attribute]] = {
    "streetlight": [
        Attribute(code="pole", description="灯杆编号（杆上的小牌）", datatype_description="数字或字母", order=1),
        Attribute(
            code="symptom",
            datatype="singlevaluelist",
            required=True,
            order=2,
            description="是什么情况？",
            values=[
                Choice(key="dark", name="不亮"),
                Choice(key="flicker", name="一闪一闪"),
                Choice(key="day", name="白天不灭"),
            ],
        ),
    ],
    "noise-construction": [
        Attribute(code="since", datatype="datetime", order=1, description="从什么时候开始的？"),
        Attribute(
            code="hours",
            datatype="multivaluelist",
            order=2,
            description="通常在什么时段？",
            values=[Choice(key="noon", name="中午"), Choice(key="night", name="夜里"), Choice(key="dawn", name="清晨")],
        ),
    ],
    "parking": [Attribute(code="cars", datatype="number", order=1, description="大约几辆？")],
}


def _built_in() -> list[Service]:
    made = [
        Service(service_code=code, service_name=name, description=about, group=group, keywords=f"{group},{name}",
                attributes=_ATTRIBUTES.get(code, []))
        for group, entries in _GROUPS.items()
        for code, name, about in entries
    ]  # fmt: skip
    batch = Service(service_code="batch-survey", service_name="批量普查", type="batch", group="综合",
                    description="成批登记，先给凭证，稍后给编号。")  # fmt: skip
    return [GENERAL, *made, batch]


BUILT_IN = _built_in()
SERVICES = TypeAdapter(list[Service])


class Catalogue:
    """The list of services, in its order."""

    def __init__(self, store: Store) -> None:
        """Use the stored list, or start with the built-in one."""
        self.store = store
        if store.row("SELECT 1 FROM services LIMIT 1") is None:
            self.replace(BUILT_IN)

    def replace(self, services: list[Service]) -> None:
        """Take another list; `general` stays first, so that the simplest client finds a service it can use."""
        by_code = {service.service_code: service for service in services}
        ordered = [by_code.pop("general", GENERAL), *by_code.values()]
        with self.store.together():
            self.store.empty("services")
            for service in ordered:
                text = service.model_dump_json()
                self.store.write("INSERT INTO services (code, definition) VALUES (?, ?)", service.service_code, text)

    def all(self) -> list[Service]:
        """Every service."""
        found = self.store.rows("SELECT definition FROM services ORDER BY position")
        return [Service.model_validate_json(row["definition"]) for row in found]

    def find(self, code: str) -> Service | None:
        """One service."""
        found = self.store.row("SELECT definition FROM services WHERE code = ?", code)
        return None if found is None else Service.model_validate_json(found["definition"])
