"""What the demo's product is told: enough that checks from outside meet no limit nobody named."""

from foundation.settings import LimitSettings, LiveSettings
from sandbox.demo.opening import LIMITS, SOCKETS_PER_PERSON


def test_every_limit_of_use_is_lifted() -> None:
    assert set(LIMITS) == {name.upper() for name in LimitSettings.model_fields}


def test_a_person_may_hold_as_many_sockets_as_can_be_set() -> None:
    assert LiveSettings(sockets_per_person=SOCKETS_PER_PERSON).sockets_per_person == 10_000
