"""The ledger of consents, and what makes leaving complete: whoever has left can be written about no more."""

from community.people.models import GivenBy, Purpose
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

UP = """
ALTER TABLE resident
    ADD CONSTRAINT resident_who_left_is_a_number CHECK (
        (erased_at IS NULL AND NOT nobody) OR (nickname = '' AND phone_sealed IS NULL AND language IS NULL));
CREATE UNIQUE INDEX resident_one_nobody ON resident (nobody) WHERE nobody;
CREATE INDEX resident_last_seen ON resident (last_seen_at) WHERE erased_at IS NULL;

ALTER TABLE consent
    ADD CONSTRAINT consent_version_positive CHECK (version >= 1),
    ADD CONSTRAINT consent_text_hash_has_32_bytes CHECK (octet_length(text_hash) = 32),
    ADD CONSTRAINT consent_guardian_spoke CHECK (guardian_sealed IS NULL OR given_by = 'guardian'),
    ADD CONSTRAINT consent_age_only_for_guardian CHECK (under_14_until IS NULL OR purpose = 'guardian');

-- The ledger only grows. Who leaves takes the guardian's name along; three years later the lines may go.
CREATE FUNCTION consent_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' AND current_setting('linli.erasing', true) = 'on' THEN
        IF TG_OP = 'DELETE' AND OLD.at < clock_timestamp() - interval '1095 days' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.guardian_sealed IS NULL
            AND (OLD.id, OLD.resident_id, OLD.purpose, OLD.version, OLD.text_hash, OLD.given, OLD.at)
              = (NEW.id, NEW.resident_id, NEW.purpose, NEW.version, NEW.text_hash, NEW.given, NEW.at)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - 'guardian_sealed') = (to_jsonb(NEW) - 'guardian_sealed')
        AND OLD.guardian_sealed IS NOT NULL AND NEW.guardian_sealed IS NOT NULL
    THEN
        RETURN NEW;  -- sealed with another key; what it says cannot be judged here
    END IF;
    RAISE EXCEPTION 'consent is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER consent_kept BEFORE UPDATE OR DELETE ON consent FOR EACH ROW EXECUTE FUNCTION consent_is_kept();
CREATE TRIGGER consent_not_emptied BEFORE TRUNCATE ON consent FOR EACH STATEMENT EXECUTE FUNCTION consent_is_kept();

-- What the core still tells about somebody who left is kept as a step, without words but those for everybody.
CREATE FUNCTION complaint_event_of_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM complaint JOIN resident ON resident.id = complaint.resident_id
        WHERE complaint.id = NEW.complaint_id AND resident.nobody)
    THEN
        NEW.text := NULL;
        NEW.media := '[]';
        NEW.detail := '{"public": false}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER complaint_event_without_words BEFORE INSERT ON complaint_event
    FOR EACH ROW WHEN (NEW.source = 'core' AND NEW.detail ->> 'public' IS DISTINCT FROM 'true')
    EXECUTE FUNCTION complaint_event_of_nobody();

-- The update itself is emptied as soon as it has become an event, or was told of one that is.
CREATE FUNCTION dispatch_update_of_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM complaint_event
        JOIN complaint ON complaint.id = complaint_event.complaint_id
        JOIN resident ON resident.id = complaint.resident_id
        WHERE complaint_event.update_id = NEW.update_id AND resident.nobody)
    THEN
        NEW.body := '{}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER dispatch_update_without_words BEFORE UPDATE OF state ON dispatch_update
    FOR EACH ROW WHEN (NEW.state IN ('done', 'noted')) EXECUTE FUNCTION dispatch_update_of_nobody();

UPDATE resident SET last_seen_at = now();
"""

DOWN = """
DROP TRIGGER dispatch_update_without_words ON dispatch_update;
DROP FUNCTION dispatch_update_of_nobody();
DROP TRIGGER complaint_event_without_words ON complaint_event;
DROP FUNCTION complaint_event_of_nobody();
DROP TRIGGER consent_not_emptied ON consent;
DROP TRIGGER consent_kept ON consent;
DROP FUNCTION consent_is_kept();
ALTER TABLE consent
    DROP CONSTRAINT consent_age_only_for_guardian,
    DROP CONSTRAINT consent_guardian_spoke,
    DROP CONSTRAINT consent_text_hash_has_32_bytes,
    DROP CONSTRAINT consent_version_positive;
DROP INDEX resident_last_seen;
DROP INDEX resident_one_nobody;
ALTER TABLE resident DROP CONSTRAINT resident_who_left_is_a_number;
"""


class Migration(migrations.Migration):
    """Consents by line, the instants of leaving, and the one row for what is left behind."""

    dependencies = [("community", "0006_comparison")]

    operations = [
        ops.AddField("Resident", "last_seen_at", fields.DatetimeField(null=True)),
        ops.AddField("Resident", "erased_at", fields.DatetimeField(null=True)),
        ops.AddField("Resident", "nobody", fields.BooleanField(default=False)),
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "resident",
                    fields.ForeignKeyField(
                        "community.Resident",
                        source_field="resident_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "purpose",
                    fields.CharEnumField(description="Purpose", enum_type=Purpose, max_length=24),
                ),
                ("version", fields.IntField()),
                ("text_hash", fields.BinaryField()),
                ("language", fields.CharField(max_length=10)),
                ("given", fields.BooleanField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "given_by",
                    fields.CharEnumField(description="GivenBy", enum_type=GivenBy, max_length=12),
                ),
                ("guardian_sealed", fields.BinaryField(null=True)),
                ("under_14_until", fields.DateField(null=True)),
            ],
            options={
                "table": "consent",
                "app": "community",
                "indexes": [Index(fields=["resident_id", "purpose", "id"])],
                "pk_attr": "id",
                "table_description": "Consent given or withdrawn, append-only",
            },
            bases=["Model"],
        ),
        ops.RunSQL(UP, DOWN),
    ]
