"""Logs are not looked up in other tables one by one, and keep no index that another one replaces."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chainsync", "0004_endpoint_budget")]

    operations = [
        migrations.AlterField(
            model_name="log",
            name="block",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="logs",
                to="chainsync.block",
            ),
        ),
        migrations.AlterField(
            model_name="log",
            name="chain",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="logs",
                to="charter.chain",
            ),
        ),
    ]
