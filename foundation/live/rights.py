"""Rights that end while a socket is open: every heartbeat looks at sessions and at what is watched."""

from collections import defaultdict
from collections.abc import Collection
from itertools import islice

from foundation.access import Actor
from foundation.errors import NotFoundError
from foundation.live.board import MOST_PAIRS, Board
from foundation.live.peers import SIGNED_OUT, Peer, Recheck
from foundation.live.streams import Watcher


async def end_signed_out(peers: Collection[Peer]) -> int:
    """Close the sockets whose sessions have ended, after one question about all; give how many."""
    by_hook: dict[Recheck, list[Peer]] = defaultdict(list)
    for peer in peers:
        if peer.recheck and peer.actor:
            by_hook[peer.recheck].append(peer)
    count = 0
    for recheck, asked in by_hook.items():
        good = await recheck({peer.session for peer in asked})
        for peer in asked:
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
        watches = iter(
            [
                (peer, peer.actor, wire, watcher)
                for peer in peers
                for wire, watcher in peer.watchers.items()
                if peer.actor and watcher.stream.subject.topic is topic
            ]
        )
        while some := list(islice(watches, MOST_PAIRS)):
            pairs: dict[tuple[Actor, str], None] = {(a, w.stream.subject.id): None for _, a, _, w in some}
            views = dict(zip(pairs, await board.views(topic, list(pairs)), strict=True))
            for peer, actor, wire, watcher in some:
                view = views[actor, watcher.stream.subject.id]
                if peer.watchers.get(wire) is watcher and view != watcher.stream.view:
                    _move(board, peer, wire, watcher, view)


def _move(board: Board, peer: Peer, wire: str, watcher: Watcher, view: object) -> None:
    watcher.leave()
    if view is None:
        del peer.watchers[wire]
        peer.refuse(wire, NotFoundError())
        return
    moved = peer.watchers[wire] = Watcher(peer, board.stream(wire, view, wire), watcher.position)
    moved.waiting = watcher.waiting
    moved.stream.join(moved)
