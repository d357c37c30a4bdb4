"""What the ground's tables must never allow: changing the audit."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
ALTER TABLE media
    ADD CONSTRAINT media_image_has_size_and_thumbnail
        CHECK ((kind = 'image') = (width IS NOT NULL AND height IS NOT NULL AND thumbnail_key IS NOT NULL)),
    ADD CONSTRAINT media_voice_has_length CHECK ((kind = 'voice') = (seconds IS NOT NULL));

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('linli.audit_sweep', true) = 'on'
            AND OLD.at < clock_timestamp() - interval '184 days'
        THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE FUNCTION remove_outlived_audit(before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('linli.audit_sweep', 'on', true);
    DELETE FROM public.audit_entry
        WHERE at < least(before, clock_timestamp() - interval '184 days');
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('linli.audit_sweep', 'off', true);
    RETURN removed;
END $$;
"""

DOWN = """
ALTER TABLE media
    DROP CONSTRAINT media_voice_has_length,
    DROP CONSTRAINT media_image_has_size_and_thumbnail;
DROP FUNCTION remove_outlived_audit(timestamptz);
DROP TRIGGER audit_entry_no_truncate ON audit_entry;
DROP TRIGGER audit_entry_append_only ON audit_entry;
DROP FUNCTION refuse_audit_change();
"""


class Migration(migrations.Migration):
    """Audit entries cannot be changed, and not removed before six months have passed."""

    dependencies = [("foundation", "0001_first")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
