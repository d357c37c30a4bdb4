"""What the tables of places and of the calendar must never allow, and the indexes the ORM cannot name."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = """
CREATE FUNCTION place_may_lie_under(kind text, parent_kind text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind
        WHEN 'district' THEN parent_kind IS NULL
        WHEN 'street' THEN parent_kind = 'district'
        WHEN 'community' THEN parent_kind = 'street'
        WHEN 'grid' THEN parent_kind = 'community'
        WHEN 'building' THEN parent_kind IN ('grid', 'community')
        WHEN 'household' THEN parent_kind = 'building'
        ELSE parent_kind IN ('community', 'street', 'district')
    END
$$;

CREATE FUNCTION place_take_position() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above record;
    area record;
BEGIN
    IF NEW.parent_id IS NULL THEN
        IF NEW.kind <> 'district' THEN
            RAISE EXCEPTION 'a % needs a parent', NEW.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'place_kind_under_kind';
        END IF;
        NEW.path := '/' || NEW.id || '/';
        NEW.depth := 0;
    ELSE
        SELECT kind, path, depth INTO above FROM place WHERE id = NEW.parent_id FOR SHARE;
        IF NOT FOUND OR NOT place_may_lie_under(NEW.kind, above.kind) THEN
            RAISE EXCEPTION 'a % cannot lie under a %', NEW.kind, above.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'place_kind_under_kind';
        END IF;
        NEW.path := above.path || NEW.id || '/';
        NEW.depth := above.depth + 1;
    END IF;
    IF NEW.area_id IS NOT NULL THEN
        SELECT a.kind, p.path INTO area FROM place a JOIN place p ON p.id = a.parent_id WHERE a.id = NEW.area_id;
        IF NOT FOUND OR NEW.kind <> 'building' OR area.kind NOT IN ('estate', 'urban_village')
            OR NOT starts_with(NEW.path, area.path)
        THEN
            RAISE EXCEPTION 'only a building lies in an area, and only in one of its own community'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'place_area_of_own_community';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER place_takes_position BEFORE INSERT OR UPDATE OF parent_id, area_id, kind, path, depth ON place
    FOR EACH ROW EXECUTE FUNCTION place_take_position();

CREATE FUNCTION place_move_descendants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place SET parent_id = parent_id WHERE parent_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER place_moves_descendants AFTER UPDATE ON place
    FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION place_move_descendants();

ALTER TABLE place
    ADD CONSTRAINT place_name_not_blank CHECK (btrim(name) <> ''),
    ADD CONSTRAINT place_location_whole CHECK (
        num_nonnulls(lng, lat, datum, wgs84_lng, wgs84_lat) IN (0, 5)),
    ADD CONSTRAINT place_location_on_earth CHECK (
        lng BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90);
CREATE INDEX place_path ON place (path text_pattern_ops);
CREATE INDEX place_grams ON place USING gin (grams);
CREATE INDEX place_near ON place USING gist (point(wgs84_lng * 0.9228, wgs84_lat)) WHERE wgs84_lng IS NOT NULL;
CREATE UNIQUE INDEX place_one_of_a_name ON place (coalesce(parent_id, 0), kind, name, coalesce(area_id, 0));

CREATE TYPE post_range AS RANGE (subtype = text, collation = "C");
ALTER TABLE responsibility
    ADD CONSTRAINT responsibility_ends_after_it_begins CHECK (to_at > from_at),
    ADD CONSTRAINT responsibility_one_holder_at_a_time EXCLUDE USING gist (
        post_range(place_id::text || '/' || post || '/' || subject,
                   place_id::text || '/' || post || '/' || subject, '[]') WITH &&,
        tstzrange(from_at, to_at) WITH &&);

CREATE FUNCTION calendar_take_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO calendar_version (id, version) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$;
CREATE TRIGGER calendar_day_changes_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON calendar_day
    FOR EACH STATEMENT EXECUTE FUNCTION calendar_take_version();
"""

DOWN = """
DROP TRIGGER calendar_day_changes_version ON calendar_day;
DROP FUNCTION calendar_take_version();
ALTER TABLE responsibility
    DROP CONSTRAINT responsibility_one_holder_at_a_time,
    DROP CONSTRAINT responsibility_ends_after_it_begins;
DROP TYPE post_range;
DROP INDEX place_one_of_a_name;
DROP INDEX place_near;
DROP INDEX place_grams;
DROP INDEX place_path;
ALTER TABLE place
    DROP CONSTRAINT place_location_on_earth,
    DROP CONSTRAINT place_location_whole,
    DROP CONSTRAINT place_name_not_blank;
DROP TRIGGER place_moves_descendants ON place;
DROP FUNCTION place_move_descendants();
DROP TRIGGER place_takes_position ON place;
DROP FUNCTION place_take_position();
DROP FUNCTION place_may_lie_under(text, text);
"""


class Migration(migrations.Migration):
    """A place's path follows its parent, a post has one holder at a time, the calendar counts its changes."""

    dependencies = [("community", "0001_first")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
