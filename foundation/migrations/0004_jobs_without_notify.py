"""Workers are woken after the commit: a NOTIFY inside of it makes commits wait for one another."""

from tortoise import migrations
from tortoise.migrations import operations as ops

UP = "DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs"
DOWN = """
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1
    AFTER INSERT ON procrastinate_jobs FOR EACH ROW WHEN (new.status = 'todo'::procrastinate_job_status)
    EXECUTE PROCEDURE procrastinate_notify_queue_job_inserted_v1()
"""


class Migration(migrations.Migration):
    """The job tables are procrastinate's, and made before any migration."""

    dependencies = [("foundation", "0003_audit_place")]

    initial = False

    operations = [ops.RunSQL(UP, DOWN)]
