"""Rights that end while a socket is open: every heartbeat looks at sessions and at what is watched."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from foundation.access import Actor
from foundation.errors import NotFoundError
from foundation.live.board import AT_ONCE, MOST_PAIRS, Board
from foundation.live.peers import SIGNED_OUT, Peer, Recheck
from foundation.live.streams import Watcher
from foundation.live.topics import Topic

MOST_SESSIONS = 10_000
"""Sessions in one question."""

Watch = tuple[Peer, Actor, str, Watcher]
"""A socket, whose it is, and what it watches under which name."""


async def end_signed_out(peers: Collection[Peer]) -> int:
    """Close the sockets whose sessions have ended, after one question about a few thousand; give how many."""
    by_hook: dict[Recheck, list[Peer]] = defaultdict(list)
    for peer in peers:
        if peer.recheck and peer.actor:
            by_hook[peer.recheck].append(peer)
    count = 0
    for recheck, asked in by_hook.items():
        for start in range(0, len(asked), MOST_SESSIONS):
            some = asked[start : start + MOST_SESSIONS]
            good = await recheck({peer.session for peer in some})
            for peer in some:
                if peer.session not in good and not peer.is_ending:
                    peer.end(SIGNED_OUT, "signed out")
                    count += 1
    return count


async def review_watches(board: Board, peers: Collection[Peer]) -> None:
    """End watches that are not allowed any more, and change the view of those who now see it otherwise.

    Only for topics that can be asked about many at once.
    """
    for topic in board.topics.values():
        if topic.watch_many is None or topic.personal:
            continue
        some: list[Watch] = []
        for count, peer in enumerate(peers, 1):
            some += _watches_of(peer, topic)
            if len(some) >= MOST_PAIRS:
                await _review(board, topic, some)
                some = []
            if not count % AT_ONCE:
                await asyncio.sleep(0)
        if some:
            await _review(board, topic, some)


def _watches_of(peer: Peer, topic: Topic) -> Iterator[Watch]:
    if peer.actor:
        for wire, watcher in peer.watchers.items():
            if watcher.stream.subject.topic is topic:
                yield peer, peer.actor, wire, watcher


async def _review(board: Board, topic: Topic, watches: Sequence[Watch]) -> None:
    pairs = [(actor, watcher.stream.subject.id) for _, actor, _, watcher in watches]
    views = await board.views(topic, pairs)
    for count, ((peer, _, wire, watcher), view) in enumerate(zip(watches, views, strict=True), 1):
        if view != watcher.stream.view and peer.watchers.get(wire) is watcher:
            _move(board, peer, wire, watcher, view)
        if not count % AT_ONCE:
            await asyncio.sleep(0)


def _move(board: Board, peer: Peer, wire: str, watcher: Watcher, view: object) -> None:
    watcher.leave()
    if view is None:
        del peer.watchers[wire]
        peer.refuse(wire, NotFoundError())
        return
    moved = peer.watchers[wire] = Watcher(peer, board.stream(wire, view, wire), watcher.position)
    moved.waiting = watcher.waiting
    moved.stream.join(moved)
