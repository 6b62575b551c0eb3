"""SIP at the edge and calls out."""

import sqlalchemy as sa
from alembic import op

from opentact.adapters.storage.migrations.types import DOCUMENT, DOLLARS, MOMENT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "rate_deck",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_deck")),
    )
    op.create_table(
        "sip_ban",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("evidence", DOCUMENT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("lifted_on", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_ban")),
        sa.UniqueConstraint("place", name=op.f("uq_sip_ban_place")),
    )
    with op.batch_alter_table("sip_ban", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sip_ban_until"), ["until"], unique=False)

    op.create_table(
        "sip_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sip_revision")),
    )
    op.create_table(
        "call_trace",
        sa.Column("call_uuid", sa.Uuid(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_call_trace_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("call_uuid", name=op.f("pk_call_trace")),
    )
    with op.batch_alter_table("call_trace", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_trace_created_on"), ["created_on"], unique=False)

    op.create_table(
        "carrier",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=True),
        sa.Column("targets", DOCUMENT, nullable=False),
        sa.Column("networks", DOCUMENT, nullable=False),
        sa.Column("routes", DOCUMENT, nullable=False),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("register", sa.Boolean(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.Column("options_interval_s", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_carrier_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_carrier")),
        sa.UniqueConstraint("name", name=op.f("uq_carrier_name")),
    )
    op.create_table(
        "rate_deck_rate",
        sa.Column("deck_id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=15), nullable=False),
        sa.Column("effective_on", MOMENT, nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("per_minute", DOLLARS, nullable=False),
        sa.Column("initial", sa.Integer(), nullable=False),
        sa.Column("increment", sa.Integer(), nullable=False),
        sa.Column("connect_fee", DOLLARS, nullable=False),
        sa.ForeignKeyConstraint(
            ["deck_id"], ["rate_deck.id"], name=op.f("fk_rate_deck_rate_deck_id_rate_deck")
        ),
        sa.PrimaryKeyConstraint(
            "deck_id", "prefix", "effective_on", name=op.f("pk_rate_deck_rate")
        ),
    )
    op.create_table(
        "call_batch",
        sa.Column("profile_uuid", sa.Uuid(), nullable=False),
        sa.Column("lease_uuid", sa.Uuid(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("xml", sa.Text(), nullable=True),
        sa.Column("call_flow_url", sa.String(), nullable=True),
        sa.Column("app_uuid", sa.Uuid(), nullable=True),
        sa.Column("ring_s", sa.Integer(), nullable=False),
        sa.Column("max_s", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("CREATED", "PROCESSING", "SUCCESS", "CANCELLED", name="batchstate"),
            nullable=False,
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("success", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("finished_on", MOMENT, nullable=True),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_call_batch_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_call_batch_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_call_batch_modified_by_user")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_call_batch")),
    )
    with op.batch_alter_table("call_batch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_call_batch_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index("ix_call_batch_node", ["node", "finished_on"], unique=False)

    op.create_table(
        "call_batch_number",
        sa.Column("batch_uuid", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("WAITING", "CALLING", "SUCCESS", "FAILED", "CANCELLED", name="numberstate"),
            nullable=False,
        ),
        sa.Column("call_uuid", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ended_on", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_uuid"],
            ["call_batch.uuid"],
            name=op.f("fk_call_batch_number_batch_uuid_call_batch"),
        ),
        sa.PrimaryKeyConstraint("batch_uuid", "place", name=op.f("pk_call_batch_number")),
    )
    with op.batch_alter_table("call_batch_number", schema=None) as batch_op:
        batch_op.create_index(
            "ix_call_batch_number_state", ["batch_uuid", "state", "place"], unique=False
        )

    op.create_table(
        "sip_domain",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("sip_connection_uuid", sa.Uuid(), nullable=True),
        sa.Column("sip_control_app_uuid", sa.Uuid(), nullable=True),
        sa.Column("outbound_voice_profile_uuid", sa.Uuid(), nullable=True),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_domain_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_domain_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_domain_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["outbound_voice_profile_uuid"],
            ["outbound_voice_profile.uuid"],
            name=op.f("fk_sip_domain_outbound_voice_profile_uuid_outbound_voice_profile"),
        ),
        sa.ForeignKeyConstraint(
            ["sip_connection_uuid"],
            ["sip_connection.uuid"],
            name=op.f("fk_sip_domain_sip_connection_uuid_sip_connection"),
        ),
        sa.ForeignKeyConstraint(
            ["sip_control_app_uuid"],
            ["sip_control_app.uuid"],
            name=op.f("fk_sip_domain_sip_control_app_uuid_sip_control_app"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_domain")),
        sa.UniqueConstraint("domain", name=op.f("uq_sip_domain_domain")),
    )
    with op.batch_alter_table("sip_domain", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sip_domain_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sip_domain_outbound_voice_profile_uuid"),
            ["outbound_voice_profile_uuid"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_sip_domain_sip_connection_uuid"), ["sip_connection_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sip_domain_sip_control_app_uuid"), ["sip_control_app_uuid"], unique=False
        )

    op.create_table(
        "sip_invite",
        sa.Column("sip_domain_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("expired_on", MOMENT, nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_invite_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_invite_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_invite_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["sip_domain_uuid"],
            ["sip_domain.uuid"],
            name=op.f("fk_sip_invite_sip_domain_uuid_sip_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_invite")),
        sa.UniqueConstraint("token", name=op.f("uq_sip_invite_token")),
    )
    with op.batch_alter_table("sip_invite", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sip_invite_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sip_invite_sip_domain_uuid"), ["sip_domain_uuid"], unique=False
        )

    op.create_table(
        "sip_switch",
        sa.Column("sip_domain_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("remote_ip", sa.String(), nullable=True),
        sa.Column("remote_domain", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_switch_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_switch_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_switch_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["sip_domain_uuid"],
            ["sip_domain.uuid"],
            name=op.f("fk_sip_switch_sip_domain_uuid_sip_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_switch")),
    )
    with op.batch_alter_table("sip_switch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sip_switch_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_sip_switch_sip_domain_uuid"), ["sip_domain_uuid"], unique=False
        )

    op.create_table(
        "sip_user",
        sa.Column("sip_domain_uuid", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("login_key", sa.String(), nullable=False),
        sa.Column("ha1", sa.String(), nullable=False),
        sa.Column("ha1b", sa.String(), nullable=False),
        sa.Column("ha1_sha256", sa.String(), nullable=False),
        sa.Column("ha1b_sha256", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("same_domain_calls_only", sa.Boolean(), nullable=False),
        sa.Column("tn_lease_uuid", sa.Uuid(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone_number", sa.String(), nullable=True),
        sa.Column("avatar", sa.String(), nullable=True),
        sa.Column("dob", sa.Date(), nullable=True),
        sa.Column(
            "gender",
            sa.Enum("MALE", "FEMALE", "OTHER", name="gender", create_type=False),
            nullable=True,
        ),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_user_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_user_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_user_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["sip_domain_uuid"],
            ["sip_domain.uuid"],
            name=op.f("fk_sip_user_sip_domain_uuid_sip_domain"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_user")),
        sa.UniqueConstraint(
            "sip_domain_uuid", "login_key", name=op.f("uq_sip_user_sip_domain_uuid_login_key")
        ),
    )
    with op.batch_alter_table("sip_user", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sip_user_account_uuid"), ["account_uuid"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_sip_user_ha1b"), ["ha1b"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_sip_user_tn_lease_uuid"), ["tn_lease_uuid"], unique=False
        )

    op.create_table(
        "sip_binding",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("flow", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("path", DOCUMENT, nullable=False),
        sa.Column("instance", sa.String(), nullable=True),
        sa.Column("reg_id", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("expires_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_uuid"],
            ["sip_user.uuid"],
            name=op.f("fk_sip_binding_user_uuid_sip_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_uuid", "key", name=op.f("pk_sip_binding")),
    )
    op.create_table(
        "sip_group",
        sa.Column("owner_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_uuid"],
            ["sip_user.uuid"],
            name=op.f("fk_sip_group_owner_uuid_sip_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_group")),
    )
    with op.batch_alter_table("sip_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sip_group_owner_uuid"), ["owner_uuid"], unique=False)

    op.create_table(
        "sip_group_member",
        sa.Column("group_uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_uuid"],
            ["sip_group.uuid"],
            name=op.f("fk_sip_group_member_group_uuid_sip_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_uuid"],
            ["sip_user.uuid"],
            name=op.f("fk_sip_group_member_user_uuid_sip_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_uuid", "user_uuid", name=op.f("pk_sip_group_member")),
    )
    with op.batch_alter_table("sip_group_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sip_group_member_user_uuid"), ["user_uuid"], unique=False
        )

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("countries", DOCUMENT, nullable=True))
        batch_op.add_column(sa.Column("channel_limit", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("calls_per_second", sa.Integer(), nullable=True))

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("peer_uuid", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("sip_user_uuid", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("rate_initial", sa.Integer(), nullable=False, server_default="60")
        )
        batch_op.add_column(
            sa.Column("rate_increment", sa.Integer(), nullable=False, server_default="60")
        )
        batch_op.add_column(sa.Column("connect_fee", DOLLARS, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("outbound_profile_uuid", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("refusal", DOCUMENT, nullable=True))
    # For the rows that are there; new ones bring their own.
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.alter_column("rate_initial", server_default=None)
        batch_op.alter_column("rate_increment", server_default=None)
        batch_op.alter_column("connect_fee", server_default=None)

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.add_column(sa.Column("node", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_hold_node"), ["node"], unique=False)

    with op.batch_alter_table("outbound_voice_profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("calls_per_second", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("user_calls_per_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("countries", DOCUMENT, nullable=True))
        batch_op.add_column(
            sa.Column("open_prefixes", DOCUMENT, nullable=False, server_default="[]")
        )
    # For the rows that are there; new ones bring their own.
    with op.batch_alter_table("outbound_voice_profile", schema=None) as batch_op:
        batch_op.alter_column("open_prefixes", server_default=None)

    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TYPE recordingstate ADD VALUE 'REQUESTED' BEFORE 'WRITING'")
        op.execute("ALTER TYPE eventtype ADD VALUE 'SIP_USER_STATE' AFTER 'CALL_TRANSCRIPT'")
        op.execute("ALTER TYPE eventtype ADD VALUE 'TRUNK_STATE' AFTER 'BATCH'")
    else:
        with op.batch_alter_table("recording", schema=None) as batch_op:
            batch_op.alter_column(
                "state",
                existing_type=sa.VARCHAR(length=7),
                type_=sa.Enum("REQUESTED", "WRITING", "STORED", "FAILED", name="recordingstate"),
                existing_nullable=False,
            )

    with op.batch_alter_table("sip_connection", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("transport", sa.String(), nullable=False, server_default="udp")
        )
        batch_op.add_column(sa.Column("targets", DOCUMENT, nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("username", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("password", sa.String(), nullable=True))
        batch_op.add_column(
            sa.Column("register", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("expires", sa.Integer(), nullable=False, server_default="3600")
        )
        batch_op.add_column(
            sa.Column("options_interval_s", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("inbound_ips", DOCUMENT, nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("inbound_username", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("inbound_password", sa.String(), nullable=True))
        batch_op.alter_column("port", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_unique_constraint(
            batch_op.f("uq_sip_connection_inbound_username"), ["inbound_username"]
        )
    # For the rows that are there; new ones bring their own.
    with op.batch_alter_table("sip_connection", schema=None) as batch_op:
        batch_op.alter_column("transport", server_default=None)
        batch_op.alter_column("targets", server_default=None)
        batch_op.alter_column("register", server_default=None)
        batch_op.alter_column("expires", server_default=None)
        batch_op.alter_column("options_interval_s", server_default=None)
        batch_op.alter_column("inbound_ips", server_default=None)
