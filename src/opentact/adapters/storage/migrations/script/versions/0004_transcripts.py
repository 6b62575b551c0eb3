"""What was said in recordings."""

import sqlalchemy as sa
from alembic import op

from opentact.adapters.storage.migrations.types import DOCUMENT, MOMENT

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "transcript",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("call_uuid", sa.Uuid(), nullable=False),
        sa.Column("recording_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("REQUESTED", "STORED", "FAILED", name="transcriptstate"),
            nullable=False,
        ),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("segments", DOCUMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_transcript_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_transcript")),
        sa.UniqueConstraint("recording_uuid", name=op.f("uq_transcript_recording_uuid")),
    )
    with op.batch_alter_table("transcript", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcript_state"), ["state"], unique=False)
