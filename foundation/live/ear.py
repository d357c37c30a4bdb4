"""Listening to Redis for as long as the process runs. Start at `Ear.listen`."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
PAUSE_SECONDS = (0.05, 0.2)


class Ear:
    """Listens on one channel, and begins again after every error.

    redis-py subscribes again by itself after it lost the connection and says nothing; the only sign that
    messages may have been missed is one more message of the type `subscribe`.
    """

    def __init__(
        self,
        client: Redis,
        channel: str,
        *,
        heard: Callable[[str], None],
        began: Callable[[], None],
        stopped: Callable[[], None],
        deaf_after: float,
    ) -> None:
        self._client = client
        self._channel = channel
        self._heard = heard
        self._began = began
        self._stopped = stopped
        self._deaf_after = deaf_after
        self._sign_of_life_at = 0.0
        self._failing = False

    async def listen(self) -> None:
        """Listen until cancelled."""
        while not is_cancelled():
            pubsub = self._client.pubsub()
            try:
                await pubsub.subscribe(self._channel)
                await self._listen_to(pubsub)
            except (RedisError, OSError) as error:
                if not self._failing:
                    log.warning("live_cannot_hear", error=repr(error))
                self._failing = True
            finally:
                self._stopped()
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - spreads load, guards nothing

    def note_sign_of_life(self) -> None:
        """Note that a message of our own came back: the way through Redis is open."""
        self._sign_of_life_at = asyncio.get_running_loop().time()

    async def _listen_to(self, pubsub: PubSub) -> None:
        self.note_sign_of_life()
        while not is_cancelled():
            message = await pubsub.get_message(timeout=POLL_SECONDS)
            if message is None:
                self._refuse_silence()
            elif message["type"] == "subscribe":
                self._failing = False
                self._began()
            elif message["type"] == "message":
                self._heard(message["data"].decode(errors="replace"))

    def _refuse_silence(self) -> None:
        """Begin again if not even our own messages come back: a hung server looks like a silent one."""
        if asyncio.get_running_loop().time() - self._sign_of_life_at > self._deaf_after:
            raise TimeoutError("our own messages do not come back")


def is_cancelled() -> bool:
    """Whether this task was told to stop.

    Every loop around Redis asks: before Python 3.12 `asyncio.wait_for`, which redis-py sends with, forgets a
    cancellation that comes at the moment it succeeds, and the loop would run for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
