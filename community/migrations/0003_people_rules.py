"""What the tables of people must never allow, and the indexes the models cannot express."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
ALTER TABLE resident
    ADD CONSTRAINT resident_phone_is_whole
        CHECK (num_nonnulls(phone_sealed, phone_fingerprint, phone_bound_at) IN (0, 3));
CREATE INDEX resident_by_phone ON resident (phone_fingerprint) WHERE phone_fingerprint IS NOT NULL;

ALTER TABLE role_grant
    ADD CONSTRAINT role_grant_has_one_holder CHECK (num_nonnulls(staff_id, resident_id) = 1),
    ADD CONSTRAINT role_grant_ends_after_it_began CHECK (to_at >= from_at);
CREATE UNIQUE INDEX role_grant_held_once
    ON role_grant (coalesce(staff_id, 0), coalesce(resident_id, 0), role, coalesce(place_id, 0))
    WHERE to_at IS NULL;

ALTER TABLE home
    ADD CONSTRAINT home_ends_after_it_began CHECK (to_at >= from_at),
    ADD CONSTRAINT home_confirmed_has_an_instant CHECK ((standing = 'confirmed') = (confirmed_at IS NOT NULL)),
    ADD CONSTRAINT home_confirmer_confirmed CHECK (confirmed_by_id IS NULL OR standing = 'confirmed');
CREATE UNIQUE INDEX home_open_once ON home (resident_id) WHERE to_at IS NULL;
CREATE INDEX home_by_resident ON home (resident_id, from_at);

ALTER TABLE sign_in
    ADD CONSTRAINT sign_in_is_of_one_person CHECK (num_nonnulls(resident_id, staff_id) = 1),
    ADD CONSTRAINT sign_in_hash_has_32_bytes CHECK (octet_length(token_hash) = 32);
CREATE UNIQUE INDEX sign_in_by_token ON sign_in (token_hash);

ALTER TABLE sign_in_ticket
    ADD CONSTRAINT sign_in_ticket_hash_has_32_bytes CHECK (octet_length(ticket_hash) = 32);
CREATE UNIQUE INDEX sign_in_ticket_by_hash ON sign_in_ticket (ticket_hash);

ALTER TABLE page_session
    ADD CONSTRAINT page_session_hash_has_32_bytes CHECK (octet_length(token_hash) = 32);
CREATE UNIQUE INDEX page_session_by_token ON page_session (token_hash);
"""

DOWN = """
DROP INDEX page_session_by_token;
ALTER TABLE page_session DROP CONSTRAINT page_session_hash_has_32_bytes;
DROP INDEX sign_in_ticket_by_hash;
ALTER TABLE sign_in_ticket DROP CONSTRAINT sign_in_ticket_hash_has_32_bytes;
DROP INDEX sign_in_by_token;
ALTER TABLE sign_in
    DROP CONSTRAINT sign_in_hash_has_32_bytes,
    DROP CONSTRAINT sign_in_is_of_one_person;
DROP INDEX home_by_resident;
DROP INDEX home_open_once;
ALTER TABLE home
    DROP CONSTRAINT home_confirmer_confirmed,
    DROP CONSTRAINT home_confirmed_has_an_instant,
    DROP CONSTRAINT home_ends_after_it_began;
DROP INDEX role_grant_held_once;
ALTER TABLE role_grant
    DROP CONSTRAINT role_grant_ends_after_it_began,
    DROP CONSTRAINT role_grant_has_one_holder;
DROP INDEX resident_by_phone;
ALTER TABLE resident DROP CONSTRAINT resident_phone_is_whole;
"""


class Migration(migrations.Migration):
    """One open home, one holder of a post, one person behind a sign-in; look-ups by hash."""

    dependencies = [("community", "0002_place_rules")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
