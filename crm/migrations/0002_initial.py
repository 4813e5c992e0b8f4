"""What refers to trainings, which refers to leads: neither app could be created whole before the other."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('crm', '0001_initial'),
        ('trainings', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='courseinterest',
            name='course',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='trainings.course', verbose_name='course'),
        ),
        migrations.AddIndex(
            model_name='crmlead',
            index=models.Index(fields=['phone_normalized'], name='crm_lead_phone'),
        ),
        migrations.AddIndex(
            model_name='crmlead',
            index=models.Index(fields=['email_normalized'], name='crm_lead_email'),
        ),
        migrations.AddIndex(
            model_name='crmlead',
            index=models.Index(fields=['name_date_key'], name='crm_lead_name_date'),
        ),
        migrations.AddField(
            model_name='courseinterest',
            name='lead',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='interests', to='crm.crmlead', verbose_name='lead'),
        ),
    ]
