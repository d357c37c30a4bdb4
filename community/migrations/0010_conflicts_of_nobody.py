"""What the core says twice, or of nothing we can find, is kept without words too once its resident has left."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
-- The complaint that the core's words name by our own id, in every spelling of it that the inbox takes.
CREATE FUNCTION complaint_named_in(body jsonb) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN hex ~ '^[0-9a-f]{32}$' THEN hex::uuid END
    FROM regexp_replace(lower(body ->> 'external_id'), 'urn:|uuid:|[{}[:space:]-]', '', 'g') AS hex
$$;

-- A complaint is meant by name, by the first update of the same id, or by the event that became of it.
CREATE FUNCTION dispatch_words_of_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier dispatch_update;
    meant uuid[];
BEGIN
    SELECT * INTO earlier FROM dispatch_update WHERE update_id = NEW.update_id;
    meant := ARRAY(
        SELECT complaint_named_in(NEW.body)
        UNION SELECT complaint_named_in(earlier.body)
        UNION SELECT id FROM complaint
            WHERE remote_id IN (btrim(NEW.body ->> 'service_request_id'), btrim(earlier.body ->> 'service_request_id'))
        UNION SELECT complaint_id FROM complaint_event WHERE update_id = NEW.update_id);
    PERFORM FROM complaint WHERE id = ANY(meant) ORDER BY id FOR SHARE;  -- who is just leaving is waited for
    IF (earlier.state = 'parked' AND earlier.body = '{}') OR EXISTS (
        SELECT FROM complaint JOIN resident ON resident.id = complaint.resident_id
        WHERE complaint.id = ANY(meant) AND resident.nobody)
    THEN
        NEW.body := '{}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER dispatch_conflict_without_words BEFORE INSERT OR UPDATE ON dispatch_conflict
    FOR EACH ROW EXECUTE FUNCTION dispatch_words_of_nobody();
CREATE TRIGGER dispatch_parked_without_words BEFORE UPDATE OF state ON dispatch_update
    FOR EACH ROW WHEN (NEW.state = 'parked') EXECUTE FUNCTION dispatch_words_of_nobody();

-- What came before this: the triggers look at it once.
UPDATE dispatch_conflict SET settled_at = settled_at WHERE body <> '{}';
UPDATE dispatch_update SET state = state WHERE state = 'parked' AND body <> '{}';
"""

DOWN = """
DROP TRIGGER dispatch_parked_without_words ON dispatch_update;
DROP TRIGGER dispatch_conflict_without_words ON dispatch_conflict;
DROP FUNCTION dispatch_words_of_nobody();
DROP FUNCTION complaint_named_in(jsonb);
"""


class Migration(migrations.Migration):
    """Empties conflicting and parked updates about somebody who has left, whenever they come."""

    dependencies = [("community", "0009_updates_to_empty")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
