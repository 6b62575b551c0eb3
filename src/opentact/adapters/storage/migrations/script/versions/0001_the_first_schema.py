"""the first schema."""

import sqlalchemy as sa
from alembic import op

from opentact.adapters.storage.migrations.types import DOCUMENT, DOLLARS, MOMENT

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column(
            "level", sa.Enum("SERVICE", "LEVEL0", "LEVEL1", "LEVEL2", name="level"), nullable=False
        ),
        sa.Column("balance", DOLLARS, nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("address1", sa.String(), nullable=True),
        sa.Column("address2", sa.String(), nullable=True),
        sa.Column("zip_code", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("deleted_on", MOMENT, nullable=True),
        sa.Column("disabled_on", MOMENT, nullable=True),
        sa.Column("balance_changed", sa.Boolean(), nullable=False),
        sa.Column("balance_threshold", DOLLARS, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_account")),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("due_on", MOMENT, nullable=False),
        sa.Column("began_on", MOMENT, nullable=True),
        sa.Column("ended_on", MOMENT, nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("held_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
    )
    op.create_table(
        "platform_secret",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_platform_secret")),
    )
    op.create_table(
        "tech_prefix",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_uuid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tech_prefix")),
    )
    op.create_index(
        op.f("ix_tech_prefix_holder_uuid"), "tech_prefix", ["holder_uuid"], unique=False
    )
    op.create_table(
        "tn",
        sa.Column(
            "tn",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("rate_center", sa.String(length=16), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("profile", sa.String(length=255), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("local", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.Column("off_sale_on", MOMENT, nullable=True),
        sa.Column("deleted_on", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tn", name=op.f("pk_tn")),
    )
    op.create_index(
        "ix_tn_line",
        "tn",
        ["line", "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
    op.create_index(
        "ix_tn_local",
        "tn",
        ["local", "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
    op.create_index(
        "ix_tn_rate_center",
        "tn",
        ["rate_center", "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
    op.create_index(
        "ix_tn_state",
        "tn",
        ["state", "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
    op.create_index(
        "ix_tn_type",
        "tn",
        ["country", "type", "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
    op.create_table(
        "call",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Enum("IN", "OUT", name="direction"), nullable=False),
        sa.Column("from", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("INIT", "RINGING", "LIVE", "BRIDGED", "HANGUP", "DESTROYED", name="callstate"),
            nullable=False,
        ),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("tn", sa.BigInteger(), nullable=True),
        sa.Column("lease_uuid", sa.Uuid(), nullable=True),
        sa.Column("app_uuid", sa.Uuid(), nullable=True),
        sa.Column("parent_uuid", sa.Uuid(), nullable=True),
        sa.Column("sip_call_id", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("init_on", MOMENT, nullable=True),
        sa.Column("ring_on", MOMENT, nullable=True),
        sa.Column("answer_on", MOMENT, nullable=True),
        sa.Column("hangup_on", MOMENT, nullable=True),
        sa.Column("destroy_on", MOMENT, nullable=True),
        sa.Column("alive_on", MOMENT, nullable=True),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("billed_seconds", sa.Integer(), nullable=False),
        sa.Column("rate", DOLLARS, nullable=False),
        sa.Column("price", DOLLARS, nullable=False),
        sa.Column("q850_cause", sa.Integer(), nullable=True),
        sa.Column("q850_cause_string", sa.String(), nullable=True),
        sa.Column("sip_status", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("blame", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("media", DOCUMENT, nullable=False),
        sa.Column("meta", DOCUMENT, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_call_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_call")),
    )
    op.create_index(
        "ix_call_account_created", "call", ["account_uuid", "created_on", "uuid"], unique=False
    )
    op.create_index("ix_call_app_created", "call", ["app_uuid", "created_on"], unique=False)
    op.create_index("ix_call_open", "call", ["node", "destroy_on"], unique=False)
    op.create_table(
        "call_flow_log",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("call_uuid", sa.Uuid(), nullable=False),
        sa.Column("app_uuid", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("command", DOCUMENT, nullable=False),
        sa.Column("response", DOCUMENT, nullable=False),
        sa.Column("from", sa.String(), nullable=False),
        sa.Column("tn", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_call_flow_log_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_call_flow_log")),
    )
    op.create_index(
        "ix_call_flow_log_app", "call_flow_log", ["app_uuid", "created_on"], unique=False
    )
    op.create_index("ix_call_flow_log_call", "call_flow_log", ["call_uuid"], unique=False)
    op.create_table(
        "event",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("ref_id", sa.Uuid(), nullable=True),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_event_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_event")),
    )
    op.create_index("ix_event_ref", "event", ["ref_id"], unique=False)
    op.create_index("uq_event_account_position", "event", ["account_uuid", "position"], unique=True)
    op.create_table(
        "event_head",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_event_head_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("account_uuid", name=op.f("pk_event_head")),
    )
    op.create_table(
        "hold",
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("amount", DOLLARS, nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_hold_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_account_uuid"), "hold", ["account_uuid"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_idempotency_key_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("account_uuid", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        op.f("ix_idempotency_key_created_on"), "idempotency_key", ["created_on"], unique=False
    )
    op.create_table(
        "recording",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("call_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "state", sa.Enum("WRITING", "STORED", "FAILED", name="recordingstate"), nullable=False
        ),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("deleted_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_recording_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_recording")),
    )
    op.create_index(op.f("ix_recording_account_uuid"), "recording", ["account_uuid"], unique=False)
    op.create_index(op.f("ix_recording_call_uuid"), "recording", ["call_uuid"], unique=False)
    op.create_index(op.f("ix_recording_state"), "recording", ["state"], unique=False)
    op.create_table(
        "sip_product",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.Enum("PUBLIC", "PRIVATE", name="producttype"), nullable=False),
        sa.Column("tech_prefix", sa.Integer(), nullable=False),
        sa.Column("rate_table_id", sa.Integer(), nullable=False),
        sa.Column("route_plan_id", sa.Integer(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("account_uuid", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_product_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sip_product")),
        sa.UniqueConstraint("tech_prefix", name=op.f("uq_sip_product_tech_prefix")),
    )
    op.create_table(
        "tn_profile",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("toll_free", sa.Boolean(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("blacklist", DOCUMENT, nullable=False),
        sa.Column("whitelist", DOCUMENT, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.Column("nrc", DOLLARS, nullable=False),
        sa.Column("mrc", DOLLARS, nullable=False),
        sa.Column("voice_nrc", DOLLARS, nullable=False),
        sa.Column("voice_mrc", DOLLARS, nullable=False),
        sa.Column("voice_incoming_per_min_cost", DOLLARS, nullable=False),
        sa.Column("voice_outgoing_per_min_cost", DOLLARS, nullable=False),
        sa.Column("sms_nrc", DOLLARS, nullable=False),
        sa.Column("sms_mrc", DOLLARS, nullable=False),
        sa.Column("sms_per_send_cost", DOLLARS, nullable=False),
        sa.Column("sms_per_receive_cost", DOLLARS, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_tn_profile_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_profile")),
    )
    op.create_index("uq_tn_profile_name", "tn_profile", ["account_uuid", "name"], unique=True)
    op.create_table(
        "tn_special_price",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("expired_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.Column("nrc", DOLLARS, nullable=False),
        sa.Column("mrc", DOLLARS, nullable=False),
        sa.Column("voice_nrc", DOLLARS, nullable=False),
        sa.Column("voice_mrc", DOLLARS, nullable=False),
        sa.Column("voice_incoming_per_min_cost", DOLLARS, nullable=False),
        sa.Column("voice_outgoing_per_min_cost", DOLLARS, nullable=False),
        sa.Column("sms_nrc", DOLLARS, nullable=False),
        sa.Column("sms_mrc", DOLLARS, nullable=False),
        sa.Column("sms_per_send_cost", DOLLARS, nullable=False),
        sa.Column("sms_per_receive_cost", DOLLARS, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"],
            ["account.uuid"],
            name=op.f("fk_tn_special_price_account_uuid_account"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_special_price")),
    )
    op.create_index(
        "ix_tn_special_price_account", "tn_special_price", ["account_uuid", "name"], unique=False
    )
    op.create_table(
        "transaction",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("amount", DOLLARS, nullable=False),
        sa.Column("account_balance_before", DOLLARS, nullable=False),
        sa.Column("account_balance_after", DOLLARS, nullable=False),
        sa.Column(
            "ref_type",
            sa.Enum(
                "PAYMENT",
                "TNLEASE_MRC",
                "TNLEASE_NRC",
                "SMS_INCOMING",
                "SMS_OUTGOING",
                "SMS_NRC",
                "SMS_MRC",
                "MMS_INCOMING",
                "MMS_OUTGOING",
                "MMS_NRC",
                "MMS_MRC",
                "VOICE_INCOMING",
                "VOICE_OUTGOING",
                "VOICE_NRC",
                "VOICE_MRC",
                "FAX_INCOMING",
                "FAX_OUTGOING",
                "FAX_NRC",
                "FAX_MRC",
                "EMERGENCY_INCOMING",
                "EMERGENCY_OUTGOING",
                "EMERGENCY_NRC",
                "EMERGENCY_MRC",
                "TTS",
                name="reftype",
            ),
            nullable=False,
        ),
        sa.Column("ref_uuid", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_transaction_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_transaction")),
    )
    op.create_index(
        "ix_transaction_account", "transaction", ["account_uuid", "created_on"], unique=False
    )
    op.create_index(op.f("ix_transaction_ref_uuid"), "transaction", ["ref_uuid"], unique=False)
    op.create_table(
        "user",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.Enum("ADMIN", "USER", "PROVIDER", name="role"), nullable=False),
        sa.Column("phone_number", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("gender", sa.Enum("MALE", "FEMALE", "OTHER", name="gender"), nullable=True),
        sa.Column("dob", sa.Date(), nullable=True),
        sa.Column("avatar", sa.String(), nullable=True),
        sa.Column("deleted_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_user_account_uuid_account")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_index(op.f("ix_user_account_uuid"), "user", ["account_uuid"], unique=False)
    op.create_table(
        "event_subscription",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Enum("WSS", "WEBHOOK", name="channel"), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "AUTH",
                "CALL_STATE",
                "CALL_FLOW",
                "CALL_RECORD",
                "CALL_TRANSCRIPT",
                "SMS",
                "TN",
                "TN_ORDER",
                "BALANCE",
                "BATCH",
                name="eventtype",
            ),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("expired_on", MOMENT, nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("sip_domain", sa.String(), nullable=True),
        sa.Column("sip_user", sa.String(), nullable=True),
        sa.Column("sip_switch", sa.String(), nullable=True),
        sa.Column("tn", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"],
            ["account.uuid"],
            name=op.f("fk_event_subscription_account_uuid_account"),
        ),
        sa.ForeignKeyConstraint(
            ["user_uuid"], ["user.uuid"], name=op.f("fk_event_subscription_user_uuid_user")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_event_subscription")),
    )
    op.create_index(
        op.f("ix_event_subscription_account_uuid"),
        "event_subscription",
        ["account_uuid"],
        unique=False,
    )
    op.create_table(
        "messaging_profile",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("callback_url", sa.String(), nullable=True),
        sa.Column("callback_url2", sa.String(), nullable=True),
        sa.Column("number_pool_enable", sa.Boolean(), nullable=False),
        sa.Column("long_code_weight", sa.Integer(), nullable=False),
        sa.Column("tollfree_weight", sa.Integer(), nullable=False),
        sa.Column("skip_unhealthy_tns", sa.Boolean(), nullable=False),
        sa.Column("sticky_sender", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"],
            ["account.uuid"],
            name=op.f("fk_messaging_profile_account_uuid_account"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_messaging_profile_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_messaging_profile_modified_by_user")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_messaging_profile")),
    )
    op.create_index(
        op.f("ix_messaging_profile_account_uuid"),
        "messaging_profile",
        ["account_uuid"],
        unique=False,
    )
    op.create_index(
        "uq_messaging_profile_default",
        "messaging_profile",
        ["account_uuid"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "outbound_voice_profile",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tech_prefix", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("tn_lease_uuid", sa.Uuid(), nullable=True),
        sa.Column("class4_ingress_trunk_settings", DOCUMENT, nullable=False),
        sa.Column("channel_limit", sa.Integer(), nullable=True),
        sa.Column("max_rate", DOLLARS, nullable=True),
        sa.Column("daily_spend_limit", DOLLARS, nullable=True),
        sa.Column("record_calls", sa.Integer(), nullable=False),
        sa.Column("file_format", sa.String(), nullable=False),
        sa.Column("audio_track_type", sa.Integer(), nullable=False),
        sa.Column("shaken_sign_policy", sa.Integer(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"],
            ["account.uuid"],
            name=op.f("fk_outbound_voice_profile_account_uuid_account"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_outbound_voice_profile_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_outbound_voice_profile_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["sip_product.id"],
            name=op.f("fk_outbound_voice_profile_product_id_sip_product"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_outbound_voice_profile")),
        sa.UniqueConstraint("tech_prefix", name=op.f("uq_outbound_voice_profile_tech_prefix")),
    )
    op.create_index(
        op.f("ix_outbound_voice_profile_account_uuid"),
        "outbound_voice_profile",
        ["account_uuid"],
        unique=False,
    )
    op.create_index(
        op.f("ix_outbound_voice_profile_tn_lease_uuid"),
        "outbound_voice_profile",
        ["tn_lease_uuid"],
        unique=False,
    )
    op.create_table(
        "tn_order",
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("request", DOCUMENT, nullable=False),
        sa.Column("profile", sa.String(length=255), nullable=True),
        sa.Column("sip_connection_uuid", sa.Uuid(), nullable=True),
        sa.Column("sip_control_app_uuid", sa.Uuid(), nullable=True),
        sa.Column("settled_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_tn_order_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_tn_order_created_by_user")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_order")),
    )
    op.create_index("ix_tn_order_account", "tn_order", ["account_uuid", "created_on"], unique=False)
    op.create_index(
        "ix_tn_order_open",
        "tn_order",
        ["created_on"],
        unique=False,
        sqlite_where=sa.text("settled_on IS NULL"),
        postgresql_where=sa.text("settled_on IS NULL"),
    )
    op.create_table(
        "token",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ttl", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("expired_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_token_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(["user_uuid"], ["user.uuid"], name=op.f("fk_token_user_uuid_user")),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_token_token_hash")),
    )
    op.create_index(op.f("ix_token_user_uuid"), "token", ["user_uuid"], unique=False)
    op.create_table(
        "sip_connection",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tech_prefix", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("hostname", sa.String(), nullable=True),
        sa.Column("subdomain", sa.String(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("outbound_voice_profile_uuid", sa.Uuid(), nullable=True),
        sa.Column("class4_ingress_trunk_settings", DOCUMENT, nullable=False),
        sa.Column("class4_egress_trunk_settings", DOCUMENT, nullable=False),
        sa.Column("shaken_verify_policy", sa.Integer(), nullable=False),
        sa.Column("shaken_minimum_accepted_attest_lvl", sa.String(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_connection_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_connection_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_connection_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["outbound_voice_profile_uuid"],
            ["outbound_voice_profile.uuid"],
            name=op.f("fk_sip_connection_outbound_voice_profile_uuid_outbound_voice_profile"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["sip_product.id"],
            name=op.f("fk_sip_connection_product_id_sip_product"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_connection")),
        sa.UniqueConstraint("tech_prefix", name=op.f("uq_sip_connection_tech_prefix")),
    )
    op.create_index(
        op.f("ix_sip_connection_account_uuid"), "sip_connection", ["account_uuid"], unique=False
    )
    op.create_index(
        op.f("ix_sip_connection_outbound_voice_profile_uuid"),
        "sip_connection",
        ["outbound_voice_profile_uuid"],
        unique=False,
    )
    op.create_table(
        "sip_control_app",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tech_prefix", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("auto_answer", sa.Boolean(), nullable=False),
        sa.Column("max_call_length_min", sa.Integer(), nullable=True),
        sa.Column("webhook_url", sa.String(), nullable=True),
        sa.Column("webhook_method", sa.String(), nullable=False),
        sa.Column("webhook_request_timeout", sa.Integer(), nullable=True),
        sa.Column("call_flow_url", sa.String(), nullable=True),
        sa.Column("call_flow_method", sa.String(), nullable=False),
        sa.Column("call_flow_request_timeout", sa.Integer(), nullable=True),
        sa.Column("subdomain", sa.String(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("outbound_voice_profile_uuid", sa.Uuid(), nullable=True),
        sa.Column("class4_ingress_trunk_settings", DOCUMENT, nullable=False),
        sa.Column("class4_egress_trunk_settings", DOCUMENT, nullable=False),
        sa.Column("shaken_verify_policy", sa.Integer(), nullable=False),
        sa.Column("shaken_minimum_accepted_attest_lvl", sa.String(), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_sip_control_app_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_sip_control_app_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_sip_control_app_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["outbound_voice_profile_uuid"],
            ["outbound_voice_profile.uuid"],
            name=op.f("fk_sip_control_app_outbound_voice_profile_uuid_outbound_voice_profile"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["sip_product.id"],
            name=op.f("fk_sip_control_app_product_id_sip_product"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_sip_control_app")),
        sa.UniqueConstraint("tech_prefix", name=op.f("uq_sip_control_app_tech_prefix")),
    )
    op.create_index(
        op.f("ix_sip_control_app_account_uuid"), "sip_control_app", ["account_uuid"], unique=False
    )
    op.create_index(
        op.f("ix_sip_control_app_outbound_voice_profile_uuid"),
        "sip_control_app",
        ["outbound_voice_profile_uuid"],
        unique=False,
    )
    op.create_table(
        "tn_lease",
        sa.Column("tn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("expired_on", MOMENT, nullable=False),
        sa.Column("order_uuid", sa.Uuid(), nullable=True),
        sa.Column("item_uuid", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("autorenew", sa.Boolean(), nullable=False),
        sa.Column("mms", sa.Boolean(), nullable=False),
        sa.Column("fax", sa.Boolean(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("messaging_profile_uuid", sa.Uuid(), nullable=True),
        sa.Column("sip_connection_uuid", sa.Uuid(), nullable=True),
        sa.Column("sip_control_app_uuid", sa.Uuid(), nullable=True),
        sa.Column("tn_profile_uuid", sa.Uuid(), nullable=True),
        sa.Column("released_on", MOMENT, nullable=True),
        sa.Column("release_reason", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"], ["account.uuid"], name=op.f("fk_tn_lease_account_uuid_account")
        ),
        sa.ForeignKeyConstraint(
            ["order_uuid"], ["tn_order.uuid"], name=op.f("fk_tn_lease_order_uuid_tn_order")
        ),
        sa.ForeignKeyConstraint(["tn"], ["tn.tn"], name=op.f("fk_tn_lease_tn_tn")),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_lease")),
    )
    op.create_index("ix_tn_lease_account", "tn_lease", ["account_uuid", "created_on"], unique=False)
    op.create_index(
        "ix_tn_lease_expiry",
        "tn_lease",
        ["expired_on"],
        unique=False,
        sqlite_where=sa.text("released_on IS NULL"),
        postgresql_where=sa.text("released_on IS NULL"),
    )
    op.create_index(
        op.f("ix_tn_lease_messaging_profile_uuid"),
        "tn_lease",
        ["messaging_profile_uuid"],
        unique=False,
    )
    op.create_index("ix_tn_lease_order", "tn_lease", ["order_uuid"], unique=False)
    op.create_index(
        op.f("ix_tn_lease_sip_connection_uuid"), "tn_lease", ["sip_connection_uuid"], unique=False
    )
    op.create_index(
        op.f("ix_tn_lease_sip_control_app_uuid"), "tn_lease", ["sip_control_app_uuid"], unique=False
    )
    op.create_index(
        op.f("ix_tn_lease_tn_profile_uuid"), "tn_lease", ["tn_profile_uuid"], unique=False
    )
    op.create_index(
        "uq_tn_lease_held",
        "tn_lease",
        ["tn"],
        unique=True,
        sqlite_where=sa.text("released_on IS NULL"),
        postgresql_where=sa.text("released_on IS NULL"),
    )
    op.create_table(
        "tn_order_item",
        sa.Column("order_uuid", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("tn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("features", DOCUMENT, nullable=False),
        sa.Column("autorenew", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("price", DOCUMENT, nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_uuid"], ["tn_order.uuid"], name=op.f("fk_tn_order_item_order_uuid_tn_order")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_order_item")),
    )
    op.create_index(
        "ix_tn_order_item_order", "tn_order_item", ["order_uuid", "place"], unique=False
    )
    op.create_table(
        "static_call_flow",
        sa.Column("sip_control_app_uuid", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("removed_on", MOMENT, nullable=True),
        sa.Column("account_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("modified_by", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_uuid"],
            ["account.uuid"],
            name=op.f("fk_static_call_flow_account_uuid_account"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user.uuid"], name=op.f("fk_static_call_flow_created_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["modified_by"], ["user.uuid"], name=op.f("fk_static_call_flow_modified_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["sip_control_app_uuid"],
            ["sip_control_app.uuid"],
            name=op.f("fk_static_call_flow_sip_control_app_uuid_sip_control_app"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_static_call_flow")),
        sa.UniqueConstraint(
            "sip_control_app_uuid",
            "version",
            name=op.f("uq_static_call_flow_sip_control_app_uuid_version"),
        ),
    )
    op.create_index(
        op.f("ix_static_call_flow_account_uuid"), "static_call_flow", ["account_uuid"], unique=False
    )
    op.create_table(
        "tn_subscription",
        sa.Column("lease_uuid", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("paid_until", MOMENT, nullable=False),
        sa.Column("sms_campaign", sa.String(), nullable=True),
        sa.Column("ended_on", MOMENT, nullable=True),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("created_on", MOMENT, nullable=False),
        sa.Column("modified_on", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["lease_uuid"], ["tn_lease.uuid"], name=op.f("fk_tn_subscription_lease_uuid_tn_lease")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_tn_subscription")),
        sa.UniqueConstraint("lease_uuid", "type", name=op.f("uq_tn_subscription_lease_uuid_type")),
    )
    op.create_index(
        "ix_tn_city",
        "tn",
        [sa.literal_column("lower(city)"), "tn"],
        unique=False,
        sqlite_where=sa.text("off_sale_on IS NULL"),
        postgresql_where=sa.text("off_sale_on IS NULL"),
    )
