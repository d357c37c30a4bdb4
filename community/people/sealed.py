"""Which personal data of people are sealed, and in which context of the vault."""

from foundation.vault import SealedColumn

RESIDENT_PHONE = "resident.phone"
HOME_ROOM = "home.room"
GUARDIAN = "consent.guardian"

SEALED = (
    SealedColumn(
        table="resident", key="id", column="phone_sealed", context=RESIDENT_PHONE, fingerprint="phone_fingerprint"
    ),
    SealedColumn(table="home", key="id", column="room_sealed", context=HOME_ROOM),
    SealedColumn(table="consent", key="id", column="guardian_sealed", context=GUARDIAN),
)
"""For `linli vault rotate`, by way of the room's `PART`."""
