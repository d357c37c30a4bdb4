"""What a phone is shown when it has filed is what it is shown when it asks again."""

from typing import Any
from uuid import UUID

from community.complaints.access import Viewer, access_complaint
from community.complaints.queries import find_picture, picture_of
from foundation.access import Actor
from tests.phone import Phone
from tests.town import Town

SIGNED = {"media", "server_time"}
"""Addresses of pictures are signed anew; the time goes on."""


def steady(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in SIGNED | {"push"}}


async def test_the_answer_to_filing_is_what_a_reader_is_shown(phone: Phone, town: Town) -> None:
    for fields in ({}, {"place_id": str(town.grid.id), "anonymous": True}, {"confidential": True}):
        filed = await phone.file(**fields)
        shown = await phone.show(filed)

        assert steady(filed) == steady(shown)
        assert filed["push"]["state"] == shown["push"]["state"] == "waiting"
        assert (filed["push"]["next_try_at"] is None) == (shown["push"]["next_try_at"] is None)


async def test_one_question_finds_what_many_found(phone: Phone, neighbour: Phone) -> None:
    filed = await phone.file()
    await neighbour.call("PUT", f"/complaints/{filed['id']}/follow")
    for reader, viewer in ((phone, Viewer.OWNER), (neighbour, Viewer.SUPPORTER)):
        actor = Actor(kind="resident", id=reader.resident_id, roles=frozenset(), language="zh-Hans")
        complaint, seen_as = await access_complaint(actor, UUID(filed["id"]))
        picture, _ = await find_picture(actor, complaint.id)

        assert (seen_as, picture.viewer) == (viewer, viewer)
        assert picture == await picture_of(complaint, viewer)
        assert picture.followers == 1
