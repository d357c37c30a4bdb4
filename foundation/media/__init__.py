"""Photos and voice: from an upload to a signed address, with nothing left in them that gives their maker away.

`receive` (receiving.py) takes an upload and gives a `StoredMedia`: the bytes go to a bounded temporary file,
their kind is found by content (sniffing.py), they are made anew without metadata (images.py, voices.py) and
stored (store.py, actions.py). A room that uses media calls `attach_media` in its own transaction, shows
`ground.media.url(...)`, and calls `discard_media` when it lets go. What is never attached is swept (jobs.py).
"""
