"""Which personal data of complaints are sealed, and in which context of the vault."""

from foundation.vault import SealedColumn

ON_BEHALF_OF = "complaint.on_behalf_of"

SEALED = (SealedColumn(table="complaint", key="id", column="on_behalf_of_sealed", context=ON_BEHALF_OF),)
