"""What is started, and in which order. Start at `open_stage`.

Databases and stand-ins first; then the two web processes and the worker while the places are put in; then people.
"""

import asyncio
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from sandbox.demo import residents, staff
from sandbox.demo.children import Children
from sandbox.demo.clocks import Clocks
from sandbox.demo.folder import Claim
from sandbox.demo.line import DispatchCore, Product, WeChat
from sandbox.demo.programs import HOST, free_port, linli
from sandbox.demo.stage import Program, Stage, Wish
from sandbox.demo.voice import Voice

OWN_SERVERS = ("LINLI_DATABASE_URL", "LINLI_REDIS_URL")
LIMITS = ("SESSIONS", "FILING", "MEDIA", "WRITING", "READING", "EXPORT")
"""Limits of use that are lifted: all there are, so that checks from outside meet only those of the contract."""
SOCKETS_PER_PERSON = 10_000
"""The most the product lets be set."""
WEBS = ("web-1", "web-2")
CALLBACKS = "/api/v1/callbacks/dispatch"
KEY_ID = "demo-1"
APP_ID = "wxdemo0000000001"
KEYS = ("api", "callback", "wx")


@dataclass
class Opening:
    """Who starts the programs, where, and with which keys."""

    wish: Wish
    voice: Voice
    claim: Claim
    children: Children
    session: aiohttp.ClientSession
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in WEBS])
    keys: dict[str, str] = field(default_factory=lambda: {name: secrets.token_hex(32) for name in KEYS})

    @property
    def webs(self) -> list[str]:
        """Where the web processes will listen."""
        return [f"http://{HOST}:{port}" for port in self.ports]

    async def begin(self) -> Stage:
        """Start what the product stands on and talks to."""
        async with asyncio.TaskGroup() as group:
            servers = group.create_task(self._start_databases())
            stand_ins = group.create_task(self._start_stand_ins())
        stage = stand_ins.result()
        stage.env = _environment(self.claim.folder, servers.result(), stage)
        return stage

    async def _start_databases(self) -> dict[str, str]:
        given = given_servers()
        if len(given) == len(OWN_SERVERS):
            return given
        with self.voice.step("数据库和缓存"):
            announce = self.claim.folder / "servers.env"
            command = [linli(), "databases", "--announce", str(announce)]
            child = await self.children.start("databases", command, {"LINLI_VAR": str(self.claim.folder), **given})
            lines = (await self.children.announced(child, announce)).splitlines()
        return {**given, **dict(line.split("=", 1) for line in lines if "=" in line)}

    async def _start_stand_ins(self) -> Stage:
        callback = {
            "STANDIN_CALLBACK_URL": self.webs[0] + CALLBACKS,
            "STANDIN_CALLBACK_KEY_ID": KEY_ID,
            "STANDIN_CALLBACK_SECRET": self.keys["callback"],
        }
        wechat_keys = {"STANDIN_APP_ID": APP_ID, "STANDIN_APP_SECRET": self.keys["wx"]}
        with self.voice.step("替身：分拨平台、微信"):
            core_keys = {"STANDIN_API_KEY": self.keys["api"], **callback}
            async with asyncio.TaskGroup() as group:
                starting = group.create_task(self._start_stand_in("dispatch_core", core_keys))
                wechat = await self._start_stand_in("wechat", wechat_keys)
            core = starting.result()
        return Stage(
            wish=self.wish,
            voice=self.voice,
            children=self.children,
            folder=self.claim.folder,
            keys=self.keys,
            product=Product(self.session, self.webs),
            core=DispatchCore(self.session, core.url),
            wechat=WeChat(self.session, wechat.url),
            core_program=core,
        )

    def _store(self, name: str) -> Path:
        """Choose its store: wiped with the folder, but where a given database remembers, the stand-in must too.

        A core that had forgotten everything would give out ids that the database knows for other complaints.
        """
        database = given_servers().get("LINLI_DATABASE_URL")
        if database is None:
            return self.claim.folder / f"{name}.db"
        mark = hashlib.sha256(database.encode()).hexdigest()[:10]
        return self.claim.folder.with_name(f"demo-{name}-{mark}.db")

    async def _start_stand_in(self, name: str, environment: dict[str, str]) -> Program:
        """Start it on a port of its choice, and note how to start it there again."""
        announce = self.claim.folder / f"{name}.json"
        store = self._store(name)
        command = [sys.executable, "-m", f"sandbox.{name}", "--store", str(store), "--announce", str(announce)]
        child = await self.children.start(name, [*command, "--port", "0"], environment)
        url = str(json.loads(await self.children.announced(child, announce))["url"])
        again = [*command, "--port", url.rsplit(":", 1)[1]]
        return Program(name, again, environment, announce, child, url)


def given_servers() -> dict[str, str]:
    """Read which servers the environment names; the rest are embedded ones of our own."""
    return {name: os.environ[name] for name in OWN_SERVERS if os.environ.get(name)}


async def open_stage(
    wish: Wish, voice: Voice, claim: Claim, children: Children, session: aiohttp.ClientSession
) -> Stage:
    """Start everything and let the people move in."""
    opening = Opening(wish, voice, claim, children, session)
    stage = await opening.begin()
    doors_open = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_open_doors(stage, opening.ports, doors_open))
        group.create_task(_put_places_in(stage, doors_open))
    with voice.step(f"{residents.HOW_MANY} 位居民填写住址，工作人员核实"):
        await residents.move_in(stage)
        if wish.ready_file is not None:
            await staff.come_to_work(stage)
        await staff.confirm_homes(stage)
    with voice.step("摆好测试手机", spoken=False):
        await _lay_out_phones(stage)
    if wish.ready_file is None:
        with voice.step("对好时钟", spoken=False):
            stage.clocks_or_none = await _open_clocks(stage)
    return stage


async def _open_doors(stage: Stage, ports: list[int], doors_open: asyncio.Event) -> None:
    """Start the product, and let those in who need no places."""
    with stage.voice.step("邻里：两个网页进程、一个后台进程"):
        wanted = [(name, "serve", {"LINLI_WEB__PORT": str(port)}) for name, port in zip(WEBS, ports, strict=True)]
        async with asyncio.TaskGroup() as group:
            for each in [*wanted, ("work", "work", {})]:
                group.create_task(_start_linli(stage, *each))
    with stage.voice.step("把诉求类别告诉分拨平台"):
        await _teach_categories(stage)
    with stage.voice.step(f"{residents.HOW_MANY} 位居民登录、绑定手机"):
        await residents.sign_in(stage)
    doors_open.set()


async def _put_places_in(stage: Stage, doors_open: asyncio.Event) -> None:
    """Put in the places; the registrar can come as soon as there is a district and a door."""
    with stage.voice.step("龙华的街道、社区、楼栋和工作人员"):
        await stage.children.run("import-district", [linli(), "import", "district"], stage.env)
        async with asyncio.TaskGroup() as group:
            group.create_task(staff.registrar_comes(stage, doors_open))
            for what in ("demo-places", "demo-staff"):
                await stage.children.run(f"import-{what}", [linli(), "import", what], stage.env)


def _environment(folder: Path, servers: Mapping[str, str], stage: Stage) -> dict[str, str]:
    """Make the settings with which every process of the product reaches this instance."""
    return {
        "LINLI_VAR": str(folder),
        **servers,
        "LINLI_WEB__HOST": HOST,
        "LINLI_WEB__PUBLIC_URL": stage.product.webs[0],
        "LINLI_WEB__COME_IN_URL": f"{stage.wechat.url}/phones",
        "LINLI_WEB__DRAIN_SECONDS": "3",
        "LINLI_DISPATCH__BASE_URL": f"{stage.core.url}/open311/v2",
        "LINLI_DISPATCH__API_KEY": stage.keys["api"],
        "LINLI_DISPATCH__CALLBACK_KEYS": json.dumps({KEY_ID: stage.keys["callback"]}),
        "LINLI_DISPATCH__BREAKER_SECONDS": "1",
        "LINLI_MINIPROGRAM__API_BASE": stage.wechat.url,
        "LINLI_MINIPROGRAM__APP_ID": APP_ID,
        "LINLI_MINIPROGRAM__SECRET": stage.keys["wx"],
        "LINLI_JOBS__FIRST_RETRY_SECONDS": "0.2",
        "LINLI_JOBS__LONGEST_RETRY_SECONDS": "2",
        "LINLI_LIVE__SOCKETS_PER_PERSON": str(SOCKETS_PER_PERSON),
        **{f"LINLI_LIMITS__{name}": "" for name in LIMITS},
    }


async def _start_linli(stage: Stage, name: str, command: str, more: dict[str, str]) -> None:
    announce = stage.folder / f"{name}.url"
    arguments = [linli(), command, "--announce", str(announce)]
    child = await stage.children.start(name, arguments, {**stage.env, **more})
    await stage.children.announced(child, announce)


async def _teach_categories(stage: Stage) -> None:
    """Give the core the product's category tree as its services, the general one first."""
    tree = (await stage.product.call("GET", "/complaint-categories"))["items"]
    general = {"service_code": "general", "service_name": "综合诉求", "group": "综合", "type": "realtime"}
    leaves = [
        {
            "service_code": leaf["code"],
            "service_name": leaf["name"],
            "group": top["name"],
            "type": "realtime",
            "keywords": middle["name"],
            "attributes": [_attribute(question, order) for order, question in enumerate(leaf["questions"], 1)],
        }
        for top in tree
        for middle in top["children"]
        for leaf in middle["children"]
    ]
    await stage.core.control("/services", [general, *leaves])


def _attribute(question: dict[str, object], order: int) -> dict[str, object]:
    choices = question["choices"] if isinstance(question["choices"], list) else []
    return {
        "code": question["code"],
        "description": question["text"],
        "required": question["required"],
        "order": order,
        "datatype": "singlevaluelist" if choices else "string",
        "values": [{"key": choice, "name": choice} for choice in choices],
    }


async def _lay_out_phones(stage: Stage) -> None:
    pages = f"{stage.product.webs[0]}/web/resident"
    await stage.wechat.control("/configure", {"api": stage.product.api, "pages": pages})
    shelf = [{"openid": each.openid, "name": each.name, "home": each.home} for each in stage.residents]
    await stage.wechat.control("/phones", shelf)


async def _open_clocks(stage: Stage) -> Clocks:
    mover = await stage.children.start("clock", [linli(), "clock", "advance", "-"], stage.env, talking=True)
    return await Clocks.opened(mover, (stage.core, stage.wechat))
