"""The groups Reader, Reviewer, Manager and Operator, each with its permissions."""

from django.db import migrations

APP_LABEL = "legacy_imports"
# As they were when this migration was written; legacy_import.permissions holds today's.
PERMISSIONS = {
    "view": "Can see runs and masked rows",
    "review": "Can decide doubtful rows",
    "map": "Can confirm course and session mappings",
    "commit": "Can commit a plan",
    "rollback": "Can roll a run back",
    "export": "Can export masked summaries",
    "reveal_pii": "Can reveal one row's contact (audited)",
    "view_raw": "Can see raw payloads in the review queue (audited)",
}
GROUPS = {
    "Reader": ("view",),
    "Reviewer": ("view", "review", "reveal_pii"),
    "Manager": ("view", "review", "reveal_pii", "map", "export", "view_raw"),
    "Operator": ("view", "review", "reveal_pii", "map", "export", "view_raw", "commit", "rollback"),
}


def create_groups(apps, schema_editor):
    """Permissions are otherwise created after all migrations; the groups need them now."""
    database = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    groups = apps.get_model("auth", "Group").objects.using(database)
    run, _ = content_types.get_or_create(app_label=APP_LABEL, model="legacyimportrun")
    created = {
        codename: permissions.get_or_create(
            content_type=run, codename=codename, defaults={"name": name}
        )[0]
        for codename, name in PERMISSIONS.items()
    }
    for name, codenames in GROUPS.items():
        group, _ = groups.get_or_create(name=name)
        group.permissions.add(*(created[codename] for codename in codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("legacy_imports", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    # The groups may have members by the time somebody goes back: they stay.
    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
