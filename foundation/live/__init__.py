"""The live feed: open screens hear of every event once and in order, whatever is lost on the way.

A room that has something to watch describes it as a `Topic` and, after each commit, calls `LiveFeed.publish`.
What travels through Redis is only "complaint 17 has event 5"; what it says is read from the database, once
for all who see the same. Start at `feed.py`; the rule that makes it true stands in `streams.py`.
"""

from foundation.live.feed import LiveFeed
from foundation.live.figures import LiveCollector, LiveFigures
from foundation.live.line import HandedOver, Line, take_over
from foundation.live.peers import CRASHED, GOING_AWAY, SIGNED_OUT, TOO_MANY, TOO_SLOW, TRY_LATER, Peer, Recheck
from foundation.live.streams import Stream
from foundation.live.topics import Asked, NumberedEvents, Topic, own_topic

__all__ = [
    "CRASHED",
    "GOING_AWAY",
    "SIGNED_OUT",
    "TOO_MANY",
    "TOO_SLOW",
    "TRY_LATER",
    "Asked",
    "HandedOver",
    "Line",
    "LiveCollector",
    "LiveFeed",
    "LiveFigures",
    "NumberedEvents",
    "Peer",
    "Recheck",
    "Stream",
    "Topic",
    "own_topic",
    "take_over",
]
