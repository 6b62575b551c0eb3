"""Numbers of elsewhere that accounts have verified; batches that show one."""

import sqlalchemy as sa
from alembic import op

from opentact.adapters.storage.migrations.types import MOMENT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "verified_number",
        sa.Column("tn", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", MOMENT, nullable=False),
        sa.Column("counted_from", MOMENT, nullable=False),
        sa.Column(
            "state", sa.Enum("PENDING", "VERIFIED", "FAILED", name="verifiedstate"), nullable=False
        ),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("call_uuid", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("verified_on", MOMENT, nullable=True),
        sa.Column("removed_on", MOMENT, nullable=True),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_verified_number_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_verified_number_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_verified_number_modified_by_user")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_verified_number")),
        sa.UniqueConstraint("account_uuid", "tn", name=op.f("uq_verified_number_account_uuid_tn")),
    )
    with op.batch_alter_table("verified_number", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_verified_number_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index("ix_verified_number_tn", ["tn"], unique=False)
    _let_batches_show_them()


def _let_batches_show_them() -> None:
    with op.batch_alter_table("call_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("caller", sa.BigInteger(), nullable=True))
        batch_op.alter_column("lease_uuid", existing_type=sa.Uuid(), nullable=True)
