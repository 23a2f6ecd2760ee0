"""Who wrote each change, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("change", sa.Column("author", sa.String(), nullable=True))
    op.add_column("change", sa.Column("at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("change", "at")
    op.drop_column("change", "author")
