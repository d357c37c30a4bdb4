"""What the tables of complaints keep by themselves: numbering, append-only events, and the indexes of due rows."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
CREATE SEQUENCE complaint_number START 101;

ALTER TABLE complaint
    ADD CONSTRAINT complaint_round_positive CHECK (round >= 1),
    ADD CONSTRAINT complaint_pin_whole CHECK ((lng IS NULL) = (lat IS NULL) AND (lng IS NULL) = (datum IS NULL)),
    ADD CONSTRAINT complaint_somewhere CHECK (place_id IS NOT NULL OR lng IS NOT NULL),
    ADD CONSTRAINT complaint_text_length CHECK (char_length(text) BETWEEN 1 AND 4000);
ALTER TABLE complaint_event ADD CONSTRAINT complaint_event_seq_positive CHECK (seq >= 1);
ALTER TABLE complaint_rating ADD CONSTRAINT complaint_rating_marks CHECK (
    speed BETWEEN 1 AND 5 AND result BETWEEN 1 AND 5 AND service BETWEEN 1 AND 5 AND answer BETWEEN 1 AND 5);

-- What residents and the core said is never changed; erasing a person blanks words through its own door.
CREATE FUNCTION complaint_event_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' AND current_setting('linli.erasing', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION 'complaint_event is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER complaint_event_kept BEFORE UPDATE OR DELETE ON complaint_event
    FOR EACH ROW EXECUTE FUNCTION complaint_event_is_kept();
CREATE TRIGGER complaint_event_not_emptied BEFORE TRUNCATE ON complaint_event
    FOR EACH STATEMENT EXECUTE FUNCTION complaint_event_is_kept();

-- The next number is the complaint's own: no gap can be written, whoever writes.
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

CREATE INDEX complaint_deadline_due ON complaint_deadline (due_at) WHERE state = 'running';
CREATE INDEX complaint_unrated_due ON complaint (rate_by) WHERE status = 'answered';
CREATE INDEX complaint_open ON complaint (filed_at) WHERE status NOT IN ('closed', 'withdrawn', 'not_accepted', 'merged');
CREATE INDEX complaint_likeness_pairs ON complaint_likeness USING gin (pairs);
CREATE INDEX complaint_follow_count ON complaint_follow (complaint_id);
CREATE INDEX complaint_last_urging ON complaint_event (complaint_id, seq) WHERE type = 'urged';
CREATE INDEX dispatch_update_waiting ON dispatch_update (id) WHERE state = 'waiting';
CREATE INDEX dispatch_update_parked ON dispatch_update (id) WHERE state = 'parked';
CREATE INDEX dispatch_message_unsent ON dispatch_message (complaint_id, seq) WHERE state <> 'sent';
"""

DOWN = """
DROP INDEX dispatch_message_unsent;
DROP INDEX dispatch_update_parked;
DROP INDEX dispatch_update_waiting;
DROP INDEX complaint_last_urging;
DROP INDEX complaint_follow_count;
DROP INDEX complaint_likeness_pairs;
DROP INDEX complaint_open;
DROP INDEX complaint_unrated_due;
DROP INDEX complaint_deadline_due;
DROP TRIGGER complaint_event_gapless ON complaint_event;
DROP FUNCTION complaint_event_has_no_gap();
DROP TRIGGER complaint_event_not_emptied ON complaint_event;
DROP TRIGGER complaint_event_kept ON complaint_event;
DROP FUNCTION complaint_event_is_kept();
ALTER TABLE complaint_rating DROP CONSTRAINT complaint_rating_marks;
ALTER TABLE complaint_event DROP CONSTRAINT complaint_event_seq_positive;
ALTER TABLE complaint
    DROP CONSTRAINT complaint_text_length,
    DROP CONSTRAINT complaint_somewhere,
    DROP CONSTRAINT complaint_pin_whole,
    DROP CONSTRAINT complaint_round_positive;
DROP SEQUENCE complaint_number;
"""


class Migration(migrations.Migration):
    dependencies = [("community", "0003_people_rules")]

    operations = [ops.RunSQL(UP, DOWN)]
