"""Every table of the import, and the groups Reader, Reviewer, Manager and Operator with their permissions."""

import django.db.models.deletion
import ecoin.fields
from django.conf import settings
from django.db import migrations, models

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
# (app, permission); those that are not a model's own view, add, change or delete are declared in its Meta.
VIEW_RECORDS = (
    ("crm", "view_crmlead"),
    ("crm", "view_courseinterest"),
    ("trainings", "view_course"),
    ("trainings", "view_legacycompletedtraining"),
    ("trainings", "view_legacyimportedenrollment"),
)
REVEAL_HISTORY = (("trainings", "reveal_history"),)
KEEP_RECORDS = (("trainings", "add_course"), ("trainings", "attach_history"))
PLATFORM_PERMISSIONS = {
    "Reader": VIEW_RECORDS,
    "Reviewer": (*VIEW_RECORDS, *REVEAL_HISTORY),
    "Manager": (*VIEW_RECORDS, *REVEAL_HISTORY, *KEEP_RECORDS),
    "Operator": (*VIEW_RECORDS, *REVEAL_HISTORY, *KEEP_RECORDS),
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
        for app_label, codename in PLATFORM_PERMISSIONS[name]:
            model, words = declared_permission(apps, app_label, codename)
            content_type, _ = content_types.get_or_create(app_label=app_label, model=model)
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": words}
            )
            group.permissions.add(permission)


def declared_permission(apps, app_label, codename):
    """The name of the model that has this permission, and its words, as Django creates it later."""
    for model in apps.get_app_config(app_label).get_models():
        options = model._meta
        words = dict(options.permissions)
        for action in options.default_permissions:
            words[f"{action}_{options.model_name}"] = f"Can {action} {options.verbose_name_raw}"
        if codename in words:
            return options.model_name, words[codename]
    raise LookupError(f"No model of {app_label} has the permission {codename}.")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('trainings', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IdentityKey',
            fields=[
                ('pk', models.CompositePrimaryKey('scope', 'owner_kind', 'owner_id', 'kind', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('scope', models.BigIntegerField()),
                ('owner_kind', ecoin.fields.AsciiField(choices=[('user', 'user'), ('lead', 'lead'), ('staged', 'staged row')], max_length=8)),
                ('owner_id', models.BigIntegerField()),
                ('kind', ecoin.fields.AsciiField(max_length=1)),
                ('value', ecoin.fields.AsciiField(max_length=190)),
            ],
            options={
                'db_table': 'legacy_identity_keys',
                'default_permissions': (),
                'indexes': [models.Index(fields=['scope', 'kind', 'value', 'owner_kind', 'owner_id'], name='legacy_identity_by_value')],
            },
        ),
        migrations.CreateModel(
            name='LegacyImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', ecoin.fields.AsciiField(choices=[('importing', 'importing'), ('imported', 'imported'), ('validated', 'validated'), ('classified', 'classified'), ('planned', 'planned'), ('committing', 'committing'), ('committed', 'committed'), ('rolling_back', 'rolling back'), ('rolled_back', 'rolled back'), ('failed', 'failed'), ('closed', 'closed')], default='importing', max_length=20)),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('focus_mode', ecoin.fields.AsciiField(choices=[('historical_completed', 'completed history'), ('registered_pending', 'pending registrations'), ('lead_only', 'leads only')], max_length=24)),
                ('rules_version', models.PositiveIntegerField()),
                ('norm_version', models.PositiveIntegerField()),
                ('plan_fingerprint', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('summary', models.JSONField(default=dict)),
                ('certificate', models.JSONField(default=dict)),
                ('settings_digests', models.JSONField(default=dict)),
                ('importing_alone', ecoin.fields.AsciiField(max_length=64, null=True, unique=True)),
                ('row_limit', models.PositiveBigIntegerField(null=True)),
                ('created_by', models.CharField(max_length=190)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('validated_at', models.DateTimeField(null=True)),
                ('classified_at', models.DateTimeField(null=True)),
                ('planned_at', models.DateTimeField(null=True)),
                ('lease_token', ecoin.fields.AsciiField(blank=True, default='', max_length=32)),
                ('lease_command', ecoin.fields.AsciiField(blank=True, default='', max_length=40)),
                ('lease_host', models.CharField(blank=True, default='', max_length=190)),
                ('lease_process', ecoin.fields.AsciiField(blank=True, default='', max_length=40)),
                ('lease_expires_at', models.DateTimeField(null=True)),
                ('previous_run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='legacy_imports.legacyimportrun')),
                ('purged_at', models.DateTimeField(null=True)),
                ('row_ids_until', models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                'verbose_name': 'import run',
                'verbose_name_plural': 'import runs',
                'db_table': 'legacy_import_runs',
                'permissions': [('view', 'Can see runs and masked rows'), ('review', 'Can decide doubtful rows'), ('map', 'Can confirm course and session mappings'), ('commit', 'Can commit a plan'), ('rollback', 'Can roll a run back'), ('export', 'Can export masked summaries'), ('reveal_pii', "Can reveal one row's contact (audited)"), ('view_raw', 'Can see raw payloads in the review queue (audited)')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='FacetCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_table', ecoin.fields.AsciiField(max_length=12)),
                ('classification', ecoin.fields.AsciiField(max_length=18)),
                ('validation_status', ecoin.fields.AsciiField(max_length=12)),
                ('duplicate_confidence', ecoin.fields.AsciiField(max_length=8)),
                ('planned_action', ecoin.fields.AsciiField(max_length=26)),
                ('planned_reason', ecoin.fields.AsciiField(blank=True, max_length=60)),
                ('session_type', ecoin.fields.AsciiField(max_length=20)),
                ('import_action', ecoin.fields.AsciiField(max_length=34)),
                ('without_course', models.BooleanField()),
                ('outcome', ecoin.fields.AsciiField(max_length=26)),
                ('decision', ecoin.fields.AsciiField(blank=True, max_length=24)),
                ('earlier_decision', ecoin.fields.AsciiField(blank=True, max_length=24)),
                ('settled', models.BooleanField()),
                ('to_classify', models.BooleanField()),
                ('review_order', models.SmallIntegerField()),
                ('rows', models.IntegerField()),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_facet_counts',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CandidatePair',
            fields=[
                ('pk', models.CompositePrimaryKey('legacy_import_run_id', 'row_id', 'other_kind', 'other_id', 'kind', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('row_id', models.BigIntegerField()),
                ('other_kind', ecoin.fields.AsciiField(choices=[('user', 'user'), ('lead', 'lead'), ('staged', 'staged row')], max_length=8)),
                ('other_id', models.BigIntegerField()),
                ('kind', ecoin.fields.AsciiField(max_length=1)),
                ('value', ecoin.fields.AsciiField(max_length=190)),
                ('legacy_import_run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_candidate_pairs',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyStudentImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source_table', ecoin.fields.AsciiField(choices=[('stagiaires', 'stagiaires'), ('archives', 'archives')], max_length=12)),
                ('legacy_id', ecoin.fields.AsciiField(max_length=20)),
                ('first_name', models.CharField(blank=True, default='', max_length=150)),
                ('last_name', models.CharField(blank=True, default='', max_length=150)),
                ('full_name', models.CharField(blank=True, default='', max_length=300)),
                ('name_key', ecoin.fields.AsciiField(blank=True, default='', max_length=190)),
                ('birth_date', models.DateField(null=True)),
                ('phone_raw', models.CharField(blank=True, default='', max_length=190)),
                ('phone_normalized', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('email_raw', models.CharField(blank=True, default='', max_length=254)),
                ('email_normalized', ecoin.fields.AsciiField(max_length=254, null=True)),
                ('raw_status', models.CharField(blank=True, default='', max_length=190)),
                ('legacy_formation_id', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('legacy_session_id', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('raw_payload', models.JSONField()),
                ('payload_hash', ecoin.fields.AsciiField(max_length=64)),
                ('validation_issues', models.JSONField(default=list)),
                ('source_change', ecoin.fields.AsciiField(choices=[('new', 'new'), ('changed', 'changed'), ('unchanged', 'unchanged')], db_default='new', default='new', max_length=10)),
                ('validation_status', ecoin.fields.FixedAsciiField(choices=[('pending', 'pending'), ('valid', 'valid'), ('duplicate', 'duplicate'), ('needs_review', 'needs review'), ('failed', 'failed')], db_default='pending', max_length=12)),
                ('duplicate_confidence', ecoin.fields.FixedAsciiField(choices=[('none', 'none'), ('low', 'low'), ('medium', 'medium'), ('high', 'high')], db_default='none', max_length=8)),
                ('duplicate_evidence', models.JSONField(default=dict)),
                ('auto_link_allowed', models.BooleanField(db_default=False, default=False)),
                ('duplicate_blocker', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=40)),
                ('match_kind', ecoin.fields.AsciiField(blank=True, choices=[('user', 'user'), ('lead', 'lead'), ('staged', 'staged row')], db_default='', default='', max_length=8)),
                ('match_id', models.BigIntegerField(null=True)),
                ('contact_trusted', models.BooleanField(db_default=False, default=False)),
                ('review_order', models.SmallIntegerField(db_default=99, default=99)),
                ('group_first_id', models.BigIntegerField(null=True)),
                ('group_conflict', models.BooleanField(db_default=False, default=False)),
                ('classification', ecoin.fields.AsciiField(choices=[('completed', 'completed training'), ('archived_training', 'archived training'), ('registered', 'registered'), ('lead_only', 'lead only'), ('unknown', 'unknown')], db_default='unknown', max_length=18)),
                ('classification_rule', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=60)),
                ('status_key', ecoin.fields.AsciiField(max_length=190, null=True)),
                ('planned_action', ecoin.fields.FixedAsciiField(choices=[('create_crm_lead', 'create a lead'), ('link_existing', 'link to an existing person'), ('create_completed_training', 'create a completed training'), ('create_enrollment', 'create an imported enrolment'), ('skip', 'skip'), ('review', 'review')], db_default='review', max_length=26)),
                ('planned_reason', ecoin.fields.FixedAsciiField(blank=True, db_default='', default='', max_length=60)),
                ('planned_target_kind', ecoin.fields.AsciiField(blank=True, choices=[('user', 'user'), ('lead', 'lead'), ('staged', 'staged row')], db_default='', default='', max_length=8)),
                ('planned_target_id', models.BigIntegerField(null=True)),
                ('planned_first_id', models.BigIntegerField(null=True)),
                ('planned_basis', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=190)),
                ('previous_action', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=26)),
                ('previous_reason', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=60)),
                ('outcome', ecoin.fields.FixedAsciiField(choices=[('create_crm_lead', 'lead created'), ('link_existing', 'linked to an existing person'), ('create_completed_training', 'completed training created'), ('create_enrollment', 'imported enrolment created'), ('skip', 'skipped'), ('review', 'left for review'), ('pending', 'pending'), ('drifted', 'changed since the plan'), ('failed', 'failed'), ('rolled_back', 'rolled back')], db_default='pending', max_length=26)),
                ('imported_user_id', models.BigIntegerField(null=True)),
                ('imported_lead_id', models.BigIntegerField(null=True)),
                ('person_number', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('version', models.PositiveIntegerField(db_default=1, default=1)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacyimportrun')),
                ('decision', ecoin.fields.AsciiField(blank=True, choices=[('link', 'link to this person'), ('not_same', 'not the same person'), ('accept_data', 'accept the data'), ('treat_as', 'treat as'), ('release_without_session', 'release without session'), ('create_anyway', 'create anyway'), ('course_of_row', 'course of the row'), ('course_of_session', 'course of the session'), ('set_course', 'set the course'), ('acknowledge', 'acknowledge the change'), ('add_history', 'add the history'), ('another_person', 'another person'), ('create_again', 'create again'), ('separate', 'separate from its group'), ('skip', 'skip'), ('later', 'later'), ('reset', 'reset')], db_default='', default='', max_length=24)),
                ('earlier_decision', ecoin.fields.AsciiField(blank=True, choices=[('link', 'link to this person'), ('not_same', 'not the same person'), ('accept_data', 'accept the data'), ('treat_as', 'treat as'), ('release_without_session', 'release without session'), ('create_anyway', 'create anyway'), ('course_of_row', 'course of the row'), ('course_of_session', 'course of the session'), ('set_course', 'set the course'), ('acknowledge', 'acknowledge the change'), ('add_history', 'add the history'), ('another_person', 'another person'), ('create_again', 'create again'), ('separate', 'separate from its group'), ('skip', 'skip'), ('later', 'later'), ('reset', 'reset')], db_default='', default='', max_length=24)),
                ('settled', models.BooleanField(db_default=False, default=False)),
                ('to_classify', models.BooleanField(db_default=False, default=False)),
            ],
            options={
                'verbose_name': 'staged learner',
                'verbose_name_plural': 'staged learners',
                'db_table': 'legacy_student_imports',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyReviewBulk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('decision', ecoin.fields.AsciiField(max_length=24)),
                ('rows', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacyimportrun')),
                ('undoes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='legacy_imports.legacyreviewbulk')),
            ],
            options={
                'verbose_name': 'decision about many rows',
                'verbose_name_plural': 'decisions about many rows',
                'db_table': 'legacy_review_bulks',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyReviewDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('source_table', ecoin.fields.AsciiField(choices=[('stagiaires', 'stagiaires'), ('archives', 'archives')], max_length=12)),
                ('legacy_id', ecoin.fields.AsciiField(max_length=20)),
                ('row_digest', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('payload_hash', ecoin.fields.AsciiField(max_length=64)),
                ('subject', ecoin.fields.AsciiField(blank=True, default='', max_length=16)),
                ('decision', ecoin.fields.AsciiField(choices=[('link', 'link to this person'), ('not_same', 'not the same person'), ('accept_data', 'accept the data'), ('treat_as', 'treat as'), ('release_without_session', 'release without session'), ('create_anyway', 'create anyway'), ('course_of_row', 'course of the row'), ('course_of_session', 'course of the session'), ('set_course', 'set the course'), ('acknowledge', 'acknowledge the change'), ('add_history', 'add the history'), ('another_person', 'another person'), ('create_again', 'create again'), ('separate', 'separate from its group'), ('skip', 'skip'), ('later', 'later'), ('reset', 'reset')], max_length=24)),
                ('treat_as', ecoin.fields.AsciiField(blank=True, choices=[('completed', 'completed training'), ('archived_training', 'archived training'), ('registered', 'registered'), ('lead_only', 'lead only'), ('unknown', 'unknown')], default='', max_length=18)),
                ('target_kind', ecoin.fields.AsciiField(blank=True, choices=[('user', 'user'), ('lead', 'lead'), ('staged', 'staged row')], default='', max_length=8)),
                ('target_id', models.BigIntegerField(null=True)),
                ('target_inactive', models.BooleanField(db_default=False, default=False)),
                ('log_entry_id', models.BigIntegerField(null=True)),
                ('course_id', models.BigIntegerField(null=True)),
                ('note', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
                ('bulk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='legacy_imports.legacyreviewbulk')),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('student_import', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='legacy_imports.legacystudentimport')),
                ('undoes', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='legacy_imports.legacyreviewdecision')),
            ],
            options={
                'verbose_name': 'review decision',
                'verbose_name_plural': 'review decisions',
                'db_table': 'legacy_review_decisions',
                'default_permissions': (),
                'indexes': [models.Index(fields=['connection_name', 'source_table', 'legacy_id'], name='legacy_decision_row'), models.Index(fields=['connection_name', 'created_at'], name='legacy_decision_moment')],
            },
        ),
        migrations.CreateModel(
            name='LegacyErasureLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', ecoin.fields.AsciiField(choices=[('purge', 'closed run purged'), ('subject', 'one person erased on request')], max_length=10)),
                ('connection_name', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('source_table', ecoin.fields.AsciiField(blank=True, default='', max_length=12)),
                ('legacy_id', ecoin.fields.AsciiField(blank=True, default='', max_length=20)),
                ('row_digest', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('payload_hash', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('rows', models.PositiveIntegerField()),
                ('reason', models.CharField(blank=True, default='', max_length=255)),
                ('actor', models.CharField(max_length=190)),
                ('created_at', models.DateTimeField()),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'verbose_name': 'erasure log entry',
                'verbose_name_plural': 'erasure log',
                'db_table': 'legacy_erasure_log',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyAccessLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', ecoin.fields.AsciiField(choices=[('reveal', 'contact revealed'), ('raw_view', 'raw payload viewed'), ('export', 'export')], max_length=10)),
                ('reason', models.CharField(blank=True, default='', max_length=255)),
                ('created_at', models.DateTimeField()),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacyimportrun')),
                ('student_import', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacystudentimport')),
            ],
            options={
                'verbose_name': 'access log entry',
                'verbose_name_plural': 'access log',
                'db_table': 'legacy_access_log',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyTrainingImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('legacy_formation_id', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('legacy_session_id', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('session_type', ecoin.fields.AsciiField(choices=[('real_session', 'real session'), ('waiting_placeholder', 'waiting list'), ('unknown', 'unknown session'), ('none', 'no session')], db_default='none', max_length=20)),
                ('session_rule', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=60)),
                ('session_confirmed', models.BooleanField(db_default=False, default=False)),
                ('course_id', models.BigIntegerField(null=True)),
                ('course_rule', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=60)),
                ('import_action', ecoin.fields.AsciiField(choices=[('create_course_interest', 'create a course interest'), ('create_legacy_enrollment', 'create an imported enrolment'), ('create_legacy_completed_training', 'create a completed training'), ('needs_review', 'needs review')], db_default='needs_review', max_length=34)),
                ('action_reason', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=60)),
                ('imported_completed_training_id', models.BigIntegerField(null=True)),
                ('imported_enrollment_id', models.BigIntegerField(null=True)),
                ('student_import', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='training', to='legacy_imports.legacystudentimport')),
            ],
            options={
                'verbose_name': 'staged training',
                'verbose_name_plural': 'staged trainings',
                'db_table': 'legacy_training_imports',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyImportCommitLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', ecoin.fields.AsciiField(choices=[('create_crm_lead', 'lead created'), ('create_course_interest', 'course interest added to a lead'), ('create_completed_training', 'completed training created'), ('create_enrollment', 'imported enrolment created'), ('link_existing', 'linked to an existing person'), ('attach_person', 'history attached to an existing person'), ('skip', 'skipped'), ('review', 'left for review'), ('drifted', 'not committed: something changed since the plan'), ('failed', 'not committed: the database refused the row')], max_length=26)),
                ('target_model', ecoin.fields.AsciiField(max_length=60)),
                ('target_id', models.BigIntegerField(null=True)),
                ('created_target', models.BooleanField()),
                ('reason', ecoin.fields.AsciiField(max_length=60)),
                ('target_fingerprint', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('actor', models.CharField(max_length=190)),
                ('created_at', models.DateTimeField()),
                ('reversed_at', models.DateTimeField(null=True)),
                ('reversal_outcome', ecoin.fields.AsciiField(blank=True, choices=[('deleted', 'deleted'), ('unlinked', 'unlinked'), ('released', 'undone; there was nothing to delete'), ('gone', 'gone'), ('kept_edited', 'kept because edited'), ('kept_attached', 'kept because attached by hand'), ('kept_referenced', 'kept because referenced')], db_default='', default='', max_length=40)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacyimportrun')),
                ('student_import', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacystudentimport')),
                ('training_import', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='legacy_imports.legacytrainingimport')),
                ('batch', models.PositiveIntegerField(db_default=0, default=0)),
                ('row_digest', ecoin.fields.AsciiField(blank=True, db_default='', default='', max_length=64)),
                ('reversed_by', models.CharField(blank=True, db_default='', default='', max_length=190)),
            ],
            options={
                'verbose_name': 'commit log entry',
                'verbose_name_plural': 'commit log',
                'db_table': 'legacy_import_commit_logs',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='MappingTotals',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mappings', ecoin.fields.AsciiField(max_length=80)),
                ('causes', models.JSONField()),
                ('mappings_by_cause', models.JSONField(default=dict)),
                ('legacy_import_run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_mapping_totals',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='MappingWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', ecoin.fields.AsciiField(max_length=8)),
                ('mapping_id', models.BigIntegerField()),
                ('position', models.PositiveIntegerField()),
                ('rows', models.PositiveIntegerField()),
                ('waiting', models.PositiveIntegerField()),
                ('frees', models.PositiveIntegerField()),
                ('trained', models.PositiveIntegerField(default=0)),
                ('state', ecoin.fields.AsciiField(max_length=20)),
                ('searched', models.CharField(max_length=500)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_mapping_weights',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PersonEdge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left_id', models.BigIntegerField()),
                ('right_id', models.BigIntegerField()),
                ('relation', ecoin.fields.AsciiField(max_length=16)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_person_edges',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ReviewClaim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('expires_at', models.DateTimeField()),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('student_import', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacystudentimport')),
            ],
            options={
                'db_table': 'legacy_review_claims',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('query', models.CharField(max_length=500)),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'saved filter',
                'verbose_name_plural': 'saved filters',
                'db_table': 'legacy_saved_filters',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LegacyCourseMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('legacy_formation_id', ecoin.fields.AsciiField(max_length=20)),
                ('legacy_name', models.CharField(max_length=255)),
                ('status', ecoin.fields.AsciiField(choices=[('suggested', 'suggested'), ('confirmed', 'confirmed'), ('unmapped', 'unmapped'), ('no_equivalent', 'no equivalent'), ('kept_by_name', 'kept by name')], default='unmapped', max_length=14)),
                ('rule', ecoin.fields.AsciiField(blank=True, default='', max_length=60)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('in_source', models.BooleanField(default=True)),
                ('deleted_at_source', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('answer_version', models.PositiveIntegerField(default=1)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('course', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='trainings.course')),
            ],
            options={
                'verbose_name': 'course mapping',
                'verbose_name_plural': 'course mappings',
                'db_table': 'legacy_course_mappings',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('connection_name', 'legacy_formation_id'), name='legacy_course_identity')],
            },
        ),
        migrations.CreateModel(
            name='HotKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', ecoin.fields.AsciiField(max_length=1)),
                ('value', ecoin.fields.AsciiField(max_length=190)),
                ('people', models.PositiveIntegerField()),
                ('names', models.PositiveIntegerField()),
                ('hot', models.BooleanField()),
                ('first_row', models.BigIntegerField(null=True)),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_hot_keys',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('legacy_import_run', 'kind', 'value'), name='legacy_hot_key_identity')],
            },
        ),
        migrations.CreateModel(
            name='ChunkReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', ecoin.fields.AsciiField(choices=[('import', 'import'), ('validate', 'validate'), ('classify', 'classify'), ('plan', 'plan'), ('commit', 'commit'), ('rollback', 'rollback')], max_length=10)),
                ('source_table', ecoin.fields.AsciiField(blank=True, default='', max_length=12)),
                ('position', models.PositiveIntegerField()),
                ('first_id', ecoin.fields.AsciiField(max_length=20)),
                ('last_id', ecoin.fields.AsciiField(max_length=20)),
                ('first_row', models.BigIntegerField(default=0)),
                ('last_row', models.BigIntegerField(default=0)),
                ('rows', models.PositiveIntegerField()),
                ('digest', ecoin.fields.AsciiField(blank=True, default='', max_length=64)),
                ('finished_at', models.DateTimeField()),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
                ('details', models.JSONField(default=dict)),
            ],
            options={
                'db_table': 'legacy_chunk_receipts',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('legacy_import_run', 'stage', 'source_table', 'position'), name='legacy_chunk_identity')],
            },
        ),
        migrations.CreateModel(
            name='ChunkFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', ecoin.fields.AsciiField(choices=[('import', 'import'), ('validate', 'validate'), ('classify', 'classify'), ('plan', 'plan'), ('commit', 'commit'), ('rollback', 'rollback')], max_length=10)),
                ('source_table', ecoin.fields.AsciiField(blank=True, default='', max_length=12)),
                ('position', models.PositiveIntegerField()),
                ('error', ecoin.fields.AsciiField(max_length=80)),
                ('message', models.TextField(blank=True, default='')),
                ('hint', models.TextField(blank=True, default='')),
                ('exit_code', models.PositiveSmallIntegerField(default=1)),
                ('at', models.DateTimeField()),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_chunk_failures',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('legacy_import_run', 'stage', 'source_table', 'position'), name='legacy_failure_identity')],
            },
        ),
        migrations.CreateModel(
            name='ChunkAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', ecoin.fields.AsciiField(choices=[('import', 'import'), ('validate', 'validate'), ('classify', 'classify'), ('plan', 'plan'), ('commit', 'commit'), ('rollback', 'rollback')], max_length=10)),
                ('source_table', ecoin.fields.AsciiField(blank=True, default='', max_length=12)),
                ('position', models.PositiveIntegerField()),
                ('token', ecoin.fields.AsciiField(max_length=64)),
                ('worker', models.CharField(max_length=190)),
                ('connection_id', models.BigIntegerField()),
                ('started_at', models.DateTimeField()),
                ('legacy_import_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='legacy_imports.legacyimportrun')),
            ],
            options={
                'db_table': 'legacy_chunk_attempts',
                'default_permissions': (),
                'indexes': [models.Index(fields=['legacy_import_run', 'stage', 'source_table', 'position'], name='legacy_attempt_chunk')],
            },
        ),
        migrations.CreateModel(
            name='LegacySessionMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('legacy_session_id', ecoin.fields.AsciiField(max_length=20)),
                ('legacy_code', models.CharField(max_length=190)),
                ('legacy_formation_id', ecoin.fields.AsciiField(max_length=20, null=True)),
                ('starts_on_raw', models.CharField(blank=True, default='', max_length=40)),
                ('ends_on_raw', models.CharField(blank=True, default='', max_length=40)),
                ('session_type', ecoin.fields.AsciiField(choices=[('real_session', 'real session'), ('waiting_placeholder', 'waiting list'), ('unknown', 'unknown session'), ('none', 'no session')], max_length=20)),
                ('rule', ecoin.fields.AsciiField(max_length=60)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('in_source', models.BooleanField(default=True)),
                ('deleted_at_source', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('answer_version', models.PositiveIntegerField(default=1)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.CharField(blank=True, default='', max_length=255)),
                ('history_released', models.BooleanField(default=False)),
                ('history_course', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trainings.course')),
            ],
            options={
                'verbose_name': 'session mapping',
                'verbose_name_plural': 'session mappings',
                'db_table': 'legacy_session_mappings',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('connection_name', 'legacy_session_id'), name='legacy_session_identity')],
            },
        ),
        migrations.CreateModel(
            name='LegacyCourseConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('in_source', models.BooleanField(default=True)),
                ('deleted_at_source', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('answer_version', models.PositiveIntegerField(default=1)),
                ('legacy_formation_id', ecoin.fields.AsciiField(max_length=20)),
                ('legacy_session_id', ecoin.fields.AsciiField(max_length=20)),
                ('answer', ecoin.fields.AsciiField(choices=[('course_of_row', 'course of the row'), ('course_of_session', 'course of the session')], max_length=20, null=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'conflict of courses',
                'verbose_name_plural': 'conflicts of courses',
                'db_table': 'legacy_course_conflicts',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('connection_name', 'legacy_formation_id', 'legacy_session_id'), name='legacy_conflict_identity')],
            },
        ),
        migrations.CreateModel(
            name='LegacyStatusMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection_name', ecoin.fields.AsciiField(max_length=64)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('in_source', models.BooleanField(default=True)),
                ('deleted_at_source', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('answer_version', models.PositiveIntegerField(default=1)),
                ('status_key', ecoin.fields.AsciiField(max_length=190)),
                ('legacy_status', models.CharField(blank=True, max_length=190)),
                ('classification', ecoin.fields.AsciiField(choices=[('completed', 'completed training'), ('archived_training', 'archived training'), ('registered', 'registered'), ('lead_only', 'lead only'), ('unknown', 'unknown')], max_length=18, null=True)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'status mapping',
                'verbose_name_plural': 'status mappings',
                'db_table': 'legacy_status_mappings',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('connection_name', 'status_key'), name='legacy_status_identity')],
            },
        ),
        migrations.AddIndex(
            model_name='legacystudentimport',
            index=models.Index(fields=['legacy_import_run', 'group_first_id'], name='legacy_student_group'),
        ),
        migrations.AddIndex(
            model_name='legacystudentimport',
            index=models.Index(fields=['legacy_import_run', 'planned_action', 'review_order', 'planned_reason', 'classification'], name='legacy_student_queue'),
        ),
        migrations.AddConstraint(
            model_name='legacystudentimport',
            constraint=models.UniqueConstraint(fields=('legacy_import_run', 'source_table', 'legacy_id'), name='legacy_student_identity'),
        ),
        migrations.AddIndex(
            model_name='legacyimportcommitlog',
            index=models.Index(fields=['target_model', 'target_id', 'created_target'], name='legacy_log_target'),
        ),
        migrations.AddIndex(
            model_name='mappingweight',
            index=models.Index(fields=['legacy_import_run', 'kind', 'state', 'position'], name='legacy_weight_state'),
        ),
        migrations.AddConstraint(
            model_name='mappingweight',
            constraint=models.UniqueConstraint(fields=('legacy_import_run', 'kind', 'mapping_id'), name='legacy_weight_identity'),
        ),
        migrations.AddConstraint(
            model_name='mappingweight',
            constraint=models.UniqueConstraint(fields=('legacy_import_run', 'kind', 'position'), name='legacy_weight_place'),
        ),
        migrations.AddIndex(
            model_name='personedge',
            index=models.Index(fields=['legacy_import_run', 'right_id'], name='legacy_edge_by_right'),
        ),
        migrations.AddConstraint(
            model_name='personedge',
            constraint=models.UniqueConstraint(fields=('legacy_import_run', 'left_id', 'right_id'), name='legacy_edge_identity'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('actor', 'name'), name='legacy_saved_filter_name'),
        ),
        # The groups may have members by the time somebody goes back: they stay.
        migrations.RunPython(create_groups, migrations.RunPython.noop),
    ]
