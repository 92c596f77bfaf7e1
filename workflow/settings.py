"""Every setting, read once from the environment (`GRIDCASE_*`) and passed down.

Nothing else reads the environment. A data directory is enough to start: the database
defaults to SQLite in it, and the key that seals personal values is made there once.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rules import errors

KEY_BYTES = 32


def default_data_dir() -> Path:
    """The user's data home, as the freedesktop base directories name it."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "gridcase"


class Settings(BaseSettings):
    """What an installation may choose. Names in the environment carry `GRIDCASE_`."""

    model_config = SettingsConfigDict(env_prefix="GRIDCASE_", extra="ignore")

    data_dir: Path = Field(default_factory=default_data_dir)
    database_url: str | None = None
    secret_key: str | None = None
    """Hex of 32 bytes; seals personal values and signs look-up codes."""
    pool_size: int = Field(default=8, ge=1, le=64)
    tick_s: float = Field(default=1.0, gt=0, le=60)
    session_idle_min: int = Field(default=720, ge=5)
    session_max_days: int = Field(default=30, ge=1)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite:", "postgresql:", "postgres:")):
            raise ValueError("start it with sqlite: or postgresql:")
        return value

    @property
    def url(self) -> str:
        """The database to use: the one named, else `gridcase.db` in the data directory."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'gridcase.db'}"
        return self.database_url

    def key(self) -> bytes:
        """The installation's secret: the setting, else a file in the data directory, made once.

        Raises: `settings.secret_key` where it is not 64 hex digits.
        """
        text = self.secret_key
        if text is None:
            text = _key_file(self.data_dir / "gridcase.key")
        try:
            key = bytes.fromhex(text.strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise errors.Invalid("settings.secret_key", field="GRIDCASE_SECRET_KEY")
        return key


def _key_file(path: Path) -> str:
    """Reads the key, making it first if nobody has: two starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES))
    return path.read_text()
