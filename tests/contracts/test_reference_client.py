"""A client that knows only the standard is served."""

import asyncio

import pytest

from tests.contracts.reference_client import ReferenceClient, Refused
from tests.sandbox.line import API_KEY, BASE, Line


@pytest.fixture
async def client(line: Line) -> ReferenceClient:
    """Give a client that found the core by its discovery document."""
    return await asyncio.to_thread(ReferenceClient.discovered, f"{line.url}{BASE}/discovery.xml", API_KEY)


async def test_it_files_with_the_first_service_and_sees_the_request_closed(line: Line, client: ReferenceClient) -> None:
    first = next(iter(await asyncio.to_thread(client.services)))
    questions = await asyncio.to_thread(client.required_questions, first)

    number = await asyncio.to_thread(
        lambda: client.file(first, lat="22.65", long="114.03", description="路灯坏了\U0001f4a1")
    )

    assert questions == []
    assert await asyncio.to_thread(client.status, number) == "open"
    for event in ("assigned", "answered"):
        await line.play(number, event)
    assert await asyncio.to_thread(client.status, number) == "open"
    await line.play(number, "closed")
    assert await asyncio.to_thread(client.status, number) == "closed"
    assert await asyncio.to_thread(lambda: client.numbers(status="closed")) == [number]


async def test_it_exchanges_a_token_for_the_id(client: ReferenceClient) -> None:
    number = await asyncio.to_thread(lambda: client.file("batch-survey", address_string="民治街道"))

    assert await asyncio.to_thread(client.numbers) == [number]


async def test_it_answers_the_questions_of_a_service(client: ReferenceClient) -> None:
    (question,) = await asyncio.to_thread(client.required_questions, "streetlight")
    asked = {"address_string": "民治街道", f"attribute[{question}]": "dark"}

    assert await asyncio.to_thread(lambda: client.file("streetlight", **asked))


async def test_it_reads_why_it_is_refused(client: ReferenceClient) -> None:
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(lambda: client.file("streetlight", address_string="民治街道"))

    assert (refused.value.status, refused.value.code) == (400, "400")
    assert "attribute[symptom]" in refused.value.description
