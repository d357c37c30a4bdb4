"""That an event leaves no gap is one look for the one before it, and the first needs none."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
DROP TRIGGER complaint_event_gapless ON complaint_event;
DROP FUNCTION complaint_event_has_no_gap();

-- Together with the unique number: no gap can be written, whoever writes.
CREATE FUNCTION complaint_event_follows_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM complaint_event WHERE complaint_id = NEW.complaint_id AND seq = NEW.seq - 1) THEN
        RAISE EXCEPTION 'event % of complaint % leaves a gap', NEW.seq, NEW.complaint_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_event_follows BEFORE INSERT ON complaint_event
    FOR EACH ROW WHEN (NEW.seq <> 1) EXECUTE FUNCTION complaint_event_follows_another();
"""

DOWN = """
DROP TRIGGER complaint_event_follows ON complaint_event;
DROP FUNCTION complaint_event_follows_another();

CREATE FUNCTION complaint_event_has_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> 1 + (SELECT COALESCE(max(seq), 0) FROM complaint_event WHERE complaint_id = NEW.complaint_id) THEN
        RAISE EXCEPTION 'event % of complaint % leaves a gap', NEW.seq, NEW.complaint_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_event_gapless BEFORE INSERT ON complaint_event
    FOR EACH ROW EXECUTE FUNCTION complaint_event_has_no_gap();
"""


class Migration(migrations.Migration):
    """Numbers of events are as gapless as before, and cheaper to keep so."""

    dependencies = [("community", "0010_conflicts_of_nobody")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
