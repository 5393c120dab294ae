"""Make every table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.database

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.CheckConstraint(
            "kind IN ('email', 'webhook', 'sns')", name=op.f("ck_channels_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
    )
    op.create_table(
        "days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "touched",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "archived",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "archived_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "purged_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_days")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column(
            "received_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        op.f("ix_dead_letters_device_id"), "dead_letters", ["device_id"], unique=False
    )
    op.create_index(
        op.f("ix_dead_letters_received_at"),
        "dead_letters",
        ["received_at"],
        unique=False,
    )
    op.create_table(
        "dirty_buckets",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=False),
        sa.Column(
            "start", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty_buckets")),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
    )
    op.create_table(
        "horizon",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", app.core.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_horizon")),
    )
    op.create_table(
        "metrics",
        sa.Column(
            "id", sa.SmallInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("name", name=op.f("uq_metrics_name")),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("name", name=op.f("uq_sites_name")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "ends", name=op.f("pk_throttle")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "last_used_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "revoked_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name=op.f("fk_api_keys_created_by_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column(
            "last_seen_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('online', 'offline', 'unknown')", name=op.f("ck_devices_status")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["sites.id"],
            name=op.f("fk_devices_site_id_sites"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_site_id"), "devices", ["site_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("current", sa.String(length=64), nullable=True),
        sa.Column("csrf", sa.String(length=64), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "expires_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "revoked_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=7), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column(
            "metric_id",
            sa.SmallInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("clear", sa.Double(), nullable=True),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.CheckConstraint(
            "kind = 'silence' OR (metric_id IS NOT NULL AND threshold IS NOT NULL AND clear IS NOT NULL)",
            name=op.f("ck_alert_rules_complete"),
        ),
        sa.CheckConstraint(
            "kind IN ('above', 'below', 'silence')", name=op.f("ck_alert_rules_kind")
        ),
        sa.CheckConstraint(
            "device_id IS NULL OR group_id IS NULL", name=op.f("ck_alert_rules_scope")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_alert_rules_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_alert_rules_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["metric_id"], ["metrics.id"], name=op.f("fk_alert_rules_metric_id_metrics")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
    )
    op.create_index(
        op.f("ix_alert_rules_device_id"), "alert_rules", ["device_id"], unique=False
    )
    op.create_index(
        op.f("ix_alert_rules_group_id"), "alert_rules", ["group_id"], unique=False
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "expires_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "sent_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "answered_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'sent', 'acknowledged', 'failed', 'expired')",
            name=op.f("ck_commands_status"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_commands_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
    )
    op.create_index(
        op.f("ix_commands_device_id_created_at"),
        "commands",
        ["device_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_commands_open",
        "commands",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('requested', 'sent')"),
        postgresql_where=sa.text("status IN ('requested', 'sent')"),
    )
    op.create_table(
        "device_credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "expires_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "revoked_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "withdrawn_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_device_credentials_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_credentials")),
    )
    op.create_index(
        op.f("ix_device_credentials_device_id"),
        "device_credentials",
        ["device_id"],
        unique=False,
    )
    op.create_table(
        "device_groups",
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_device_groups_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_device_groups_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_id", "group_id", name=op.f("pk_device_groups")),
    )
    op.create_index(
        op.f("ix_device_groups_group_id"), "device_groups", ["group_id"], unique=False
    )
    op.create_table(
        "latest",
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column(
            "metric_id",
            sa.SmallInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("time", app.core.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_latest_device_id_devices"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["metric_id"], ["metrics.id"], name=op.f("fk_latest_metric_id_metrics")
        ),
        sa.PrimaryKeyConstraint("device_id", "metric_id", name=op.f("pk_latest")),
    )
    op.create_table(
        "readings",
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column(
            "metric_id",
            sa.SmallInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("time", app.core.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.CheckConstraint("abs(value) <= 1e100", name=op.f("ck_readings_bounded")),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_readings_device_id_devices"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["metric_id"], ["metrics.id"], name=op.f("fk_readings_metric_id_metrics")
        ),
        sa.PrimaryKeyConstraint(
            "device_id", "metric_id", "time", name=op.f("pk_readings")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollups",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column(
            "metric_id",
            sa.SmallInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "start", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sum", sa.Double(), nullable=False),
        sa.Column("min", sa.Double(), nullable=False),
        sa.Column("max", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column(
            "last_time", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.CheckConstraint("count > 0 AND min <= max", name=op.f("ck_rollups_figures")),
        sa.CheckConstraint("level IN (60, 3600, 86400)", name=op.f("ck_rollups_level")),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_rollups_device_id_devices"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["metric_id"], ["metrics.id"], name=op.f("fk_rollups_metric_id_metrics")
        ),
        sa.PrimaryKeyConstraint(
            "level", "device_id", "metric_id", "start", name=op.f("pk_rollups")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(length=63), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column(
            "opened_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "acknowledged_at",
            app.core.database.UtcDateTime(timezone=True),
            nullable=True,
        ),
        sa.Column(
            "resolved_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'resolved')",
            name=op.f("ck_alerts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_alerts_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["alert_rules.id"],
            name=op.f("fk_alerts_rule_id_alert_rules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_device_id_id"), "alerts", ["device_id", "id"], unique=False
    )
    op.create_index(
        "uq_alerts_not_resolved",
        "alerts",
        ["rule_id", "device_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'resolved'"),
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_table(
        "rule_channels",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_rule_channels_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["alert_rules.id"],
            name=op.f("fk_rule_channels_rule_id_alert_rules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rule_id", "channel_id", name=op.f("pk_rule_channels")),
    )
    op.create_index(
        op.f("ix_rule_channels_channel_id"),
        "rule_channels",
        ["channel_id"],
        unique=False,
    )
    op.create_table(
        "alert_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("at", app.core.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alerts.id"],
            name=op.f("fk_alert_events_alert_id_alerts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
    )
    op.create_index(
        op.f("ix_alert_events_alert_id"), "alert_events", ["alert_id"], unique=False
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column(
            "created_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "available_at", app.core.database.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "sent_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "given_up_at", app.core.database.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alerts.id"],
            name=op.f("fk_notifications_alert_id_alerts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_notifications_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "alert_id",
            "channel_id",
            "event",
            name=op.f("uq_notifications_alert_id_channel_id_event"),
        ),
    )
    op.create_index(
        op.f("ix_notifications_channel_id"),
        "notifications",
        ["channel_id"],
        unique=False,
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["available_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(
        "ix_notifications_due",
        table_name="notifications",
        sqlite_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
    )
    op.drop_index(op.f("ix_notifications_channel_id"), table_name="notifications")
    op.drop_table("notifications")
    op.drop_index(op.f("ix_alert_events_alert_id"), table_name="alert_events")
    op.drop_table("alert_events")
    op.drop_index(op.f("ix_rule_channels_channel_id"), table_name="rule_channels")
    op.drop_table("rule_channels")
    op.drop_index(
        "uq_alerts_not_resolved",
        table_name="alerts",
        sqlite_where=sa.text("status <> 'resolved'"),
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.drop_index(op.f("ix_alerts_device_id_id"), table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("rollups")
    op.drop_table("readings")
    op.drop_table("latest")
    op.drop_index(op.f("ix_device_groups_group_id"), table_name="device_groups")
    op.drop_table("device_groups")
    op.drop_index(
        op.f("ix_device_credentials_device_id"), table_name="device_credentials"
    )
    op.drop_table("device_credentials")
    op.drop_index(
        "ix_commands_open",
        table_name="commands",
        sqlite_where=sa.text("status IN ('requested', 'sent')"),
        postgresql_where=sa.text("status IN ('requested', 'sent')"),
    )
    op.drop_index(op.f("ix_commands_device_id_created_at"), table_name="commands")
    op.drop_table("commands")
    op.drop_index(op.f("ix_alert_rules_group_id"), table_name="alert_rules")
    op.drop_index(op.f("ix_alert_rules_device_id"), table_name="alert_rules")
    op.drop_table("alert_rules")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_devices_site_id"), table_name="devices")
    op.drop_table("devices")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_table("throttle")
    op.drop_table("sites")
    op.drop_table("metrics")
    op.drop_table("horizon")
    op.drop_table("groups")
    op.drop_table("dirty_buckets")
    op.drop_index(op.f("ix_dead_letters_received_at"), table_name="dead_letters")
    op.drop_index(op.f("ix_dead_letters_device_id"), table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_table("days")
    op.drop_table("channels")
