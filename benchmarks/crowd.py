"""A district with so many complaints, written by the server itself: places, residents, complaints, events, follows.

As many are filed each day in every size, so the more there are, the older is the district: ten thousand are the month
in which similar ones are looked for, a million are eight years. The one resident who asks has the same few, in the same
state, in every size, and lives where a twentieth of all is filed.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from community.people.tokens import hash_of
from foundation.clock import real_now

RESIDENTS = 10_000
MINE = 60
"""Complaints of the one who asks, spread over all the time there is."""
FOLLOWED = 60
A_DAY = 333
"""Complaints a day: what grows is the history."""
OPEN = 4_000
"""The newest of them are open."""

_PLACES = """
SET LOCAL session_replication_role = replica;
INSERT INTO place (id, kind, name, parent_id, path, depth, aliases, grams, sort_name, origin, standing, current)
SELECT 1, 'district', '龙华区', NULL, '/1/', 0, '{}'::text[], '{龙华}'::text[], '龙华区', 'generated', 'settled', true
UNION ALL
SELECT 10 + s, 'street', s || '街道', 1, '/1/' || 10 + s || '/', 1, '{}', '{}', s || '街道', 'generated', 'settled', true
FROM generate_series(0, 5) s
UNION ALL
SELECT 100 + c, 'community', names[1 + c %% 10] || chr(20013 + c) || '社区', 10 + c %% 6,
       '/1/' || 10 + c %% 6 || '/' || 100 + c || '/', 2, '{}',
       ARRAY[names[1 + c %% 10], left(names[1 + c %% 10], 1), chr(20013 + c)], chr(20013 + c), 'generated', 'settled', true
FROM generate_series(0, 59) c, (SELECT ARRAY['北站','民乐','龙塘','新牛','上芬','大岭','樟坑','白石','梅花','清湖'] AS names)
UNION ALL
SELECT 10000 + b, 'building', b / 60 + 1 || '栋', 100 + b %% 60,
       '/1/' || 10 + b %% 60 %% 6 || '/' || 100 + b %% 60 || '/' || 10000 + b || '/', 3, '{}',
       ARRAY[b / 60 + 1 || '栋', (b / 60 + 1)::text], lpad((b / 60 + 1)::text, 5, '0') || '栋', 'generated', 'settled', true
FROM generate_series(0, %(buildings)s::int - 1) b;
"""
_PEOPLE = """
DO $$ DECLARE flag record; BEGIN  -- what people did not say is no, as the models have it
    FOR flag IN SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
        AND table_name IN ('resident', 'complaint', 'home') AND data_type = 'boolean' AND column_default IS NULL
    LOOP EXECUTE format('ALTER TABLE %%I ALTER %%I SET DEFAULT false', flag.table_name, flag.column_name); END LOOP;
END $$;
INSERT INTO resident (nickname, large_text, created_at) SELECT '', false, now()
FROM generate_series(1, %(residents)s::int);
INSERT INTO home (resident_id, place_id, standing, confirmed_at, from_at)
SELECT id, 10000 + id %% %(buildings)s::int, 'confirmed', now(), now() FROM resident;
"""
_COMPLAINTS = """
SET LOCAL session_replication_role = replica;
INSERT INTO complaint (id, number, resident_id, channel, text, category, place_id, confidential, anonymous, answers,
                       result_days, filed_at, status, round, last_seq, answered_at)
SELECT uuidv7(), 'c' || n,
       CASE WHEN mine THEN 1 ELSE 2 + n %% (%(residents)s::int - 1) END,
       'miniprogram', words[1 + n %% 8] || things[1 + n / 8 %% 8] || marks, NULL,
       CASE WHEN n %% 20 = 0 THEN 10001 + 60 * (n / 20 %% (%(buildings)s / 60))
            ELSE 10000 + (n::bigint * 7919 %% %(buildings)s)::int END, n %% 50 = 0, false, '{}', 5,
       filed_at, CASE WHEN answered THEN 'closed' ELSE 'in_progress' END, 1, 2,
       CASE WHEN answered THEN filed_at + interval '1 day' END
FROM generate_series(1, %(complaints)s::int) n,
     LATERAL (SELECT n %% (%(complaints)s / %(mine)s) = 0 AS mine) o,
     LATERAL (SELECT now() - n * interval '1 day' / %(a_day)s AS filed_at, n >= %(open)s OR mine AS answered) s,
     (SELECT ARRAY['楼道的灯坏了','电梯又停了','下水道堵了','夜里施工很吵','路面塌了一块','垃圾没人收','消防通道停车','水管一直漏'] AS words,
             ARRAY['请快来看','已经三天','老人出不了门','孩子上学不便','大家都着急','物业说不归他们','味道很重','晚上看不见'] AS things) w,
     LATERAL (SELECT chr(20000 + n %% 5000) || chr(20000 + n / 7 %% 5000) || chr(20000 + n / 11 %% 5000) AS marks) m;
INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail, text)
SELECT id, 1, 'submitted', 'resident', 1, filed_at, filed_at, '[]'::jsonb, '{}'::jsonb, NULL FROM complaint;
INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail, text)
SELECT id, 2, 'answered', 'core', 1, answered_at, answered_at, '[]', '{}', '已经处理好了' FROM complaint
WHERE status = 'closed' AND (resident_id = 1 OR filed_at > now() - interval '30 days');
INSERT INTO complaint_follow (complaint_id, resident_id, followed_at)
SELECT id, 1, filed_at FROM complaint
WHERE resident_id <> 1 AND right(number, 4) = '1001' OR number IN (SELECT 'c' || 7 + n FROM generate_series(1, %(followed)s::int) n)
ORDER BY filed_at DESC LIMIT %(followed)s;
INSERT INTO complaint_likeness (complaint_id, filed_at, pairs)
SELECT id, filed_at, ARRAY(SELECT DISTINCT substr(text, at, 2) FROM generate_series(1, length(text) - 1) at) FROM complaint;
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """One size of the district, and the token of the one who asks."""

    url: str
    complaints: int
    token: str


def fill(url: str, *, complaints: int) -> Crowd:
    """Write so many complaints into a migrated, empty database."""
    buildings = 12_000
    sizes = {
        "complaints": complaints,
        "residents": RESIDENTS,
        "buildings": buildings,
        "mine": MINE,
        "followed": FOLLOWED,
        "a_day": A_DAY,
        "open": OPEN,
    }
    token, now = secrets.token_urlsafe(32), real_now()
    with psycopg.connect(url, options="-c maintenance_work_mem=512MB -c synchronous_commit=off") as connection:
        for script in (_PLACES, _PEOPLE, _COMPLAINTS):
            connection.execute((script % sizes).encode())  # many statements at once, without parameters
            connection.commit()
        connection.execute(
            "INSERT INTO sign_in (token_hash, resident_id, device, created_at, last_used_at, expires_at)"
            " VALUES (%s, 1, '', %s, %s, %s)",
            [hash_of(token), now, now, now + timedelta(days=1)],
        )
        connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return Crowd(url, complaints, token)
