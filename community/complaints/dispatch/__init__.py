"""The wire to the district's dispatch core (分拨平台): Open311 GeoReport v2 with signed callbacks.

`outbound.py` passes on what residents do, `client.py` speaks to the core,
`inbound.py` takes its word durably and turns each update into one event,
`reconciling.py` looks for what was lost on the way. `protocol.py` has the
shapes. Another protocol would be another client behind the same outbound.
"""
