"""Votes are keyed by proposal and log, and not looked up in other tables one by one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="vote", name="vote_per_log"),
        migrations.RemoveIndex(model_name="vote", name="vote_newest"),
        migrations.AlterField(
            model_name="vote",
            name="contract",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="charter.contract",
            ),
        ),
        migrations.AlterField(
            model_name="vote",
            name="proposal",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="votes",
                to="governance.proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(
                fields=("proposal", "block_number", "log_index"), name="vote_per_log"
            ),
        ),
    ]
