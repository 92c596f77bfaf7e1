"""Every setting, read once from the environment (`GRIDCASE_*`) and passed down.

Nothing else reads the environment. A data directory is enough to start: the database
defaults to SQLite in it, and the key that seals personal values is made there once.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rules import errors

ChannelName = Literal["mail", "wecom", "dingtalk", "feishu", "sms"]

KEY_BYTES = 32
PREFIX: Final = "GRIDCASE_"
KEY_FILE: Final = "gridcase.key"
TESTS: Final = ("GRIDCASE_TEST_", "GRIDCASE_CHROMIUM")
"""What only the tests read."""


def default_data_dir() -> Path:
    """The user's data home, as the freedesktop base directories name it."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "gridcase"


class Settings(BaseSettings):
    """What an installation may choose. Names in the environment carry `GRIDCASE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    data_dir: Path = Field(default_factory=default_data_dir)
    database_url: str | None = None
    secret_key: str | None = None
    """Hex of 32 bytes; seals personal values and signs look-up codes."""
    pool_size: int = Field(default=4, ge=1, le=64)
    """Connections, and threads that answer: near the database more of them stand in line for the
    interpreter (`GRIDCASE_POOL_SIZE=8 python -m tests.bench B2`), far from it they do not."""
    tick_s: float = Field(default=1.0, gt=0, le=60)
    session_idle_min: int = Field(default=720, ge=5)
    session_max_days: int = Field(default=30, ge=1)
    start_wait_s: float = Field(default=60, ge=0, le=3600)
    """How long `serve` and `worker` wait for a database that is not there yet."""
    drain_s: float = Field(default=3, ge=0, le=60)
    """How long `serve` says that it is not ready before it stops to listen."""
    attachment_max_mb: int = Field(default=10, ge=1, le=100)
    """What one attached file may weigh."""
    channels: Annotated[dict[ChannelName, str], NoDecode] = Field(default_factory=dict, repr=False)
    """Where notices go outside the app: an apprise address by channel, in JSON, with
    `{address}` where a person's own belongs. It holds passwords."""
    public_url: str | None = None
    """Where people reach the pages; a notice names its case there."""

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite:", "postgresql:", "postgres:")):
            raise ValueError("start it with sqlite: or postgresql:")
        return value

    @field_validator("channels", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        return json.loads(value or "{}") if isinstance(value, str) else value

    @field_validator("channels")
    @classmethod
    def _for_one_person(cls, value: dict[ChannelName, str]) -> dict[ChannelName, str]:
        if any("{address}" not in template for template in value.values()):
            raise ValueError("write {address} where the person's own address belongs")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise ValueError("start it with http:// or https://")
        return value.rstrip("/") if value else None

    @property
    def url(self) -> str:
        """The database to use: the one named, else `gridcase.db` in the data directory."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'gridcase.db'}"
        return self.database_url

    def make_data_dir(self) -> Path:
        """The data directory, made if need be, to be written in.

        Raises: `settings.data_dir` where it cannot be.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_data_dir(self.data_dir, error) from error
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise _no_data_dir(self.data_dir, OSError(errno.EACCES, ""))
        return self.data_dir

    def has_key(self) -> bool:
        """Whether there is a key already; `key` would make one.

        Raises: `settings.data_dir` where that cannot be seen.
        """
        try:
            return self.secret_key is not None or (self.data_dir / KEY_FILE).exists()
        except OSError as error:
            raise _no_data_dir(self.data_dir, error) from error

    def key(self) -> bytes:
        """The installation's secret: the setting, else a file in the data directory, made once.

        Raises: `settings.secret_key` where it is not 64 hex digits; `settings.data_dir` where
        the file cannot be read or made.
        """
        text = self.secret_key
        if text is None:
            text = self._key_file()
        try:
            key = bytes.fromhex(text.strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise errors.Invalid("settings.secret_key", field="GRIDCASE_SECRET_KEY")
        return key

    def _key_file(self) -> str:
        path = self.data_dir / KEY_FILE
        try:
            if not path.exists():
                _make_key(self.make_data_dir() / KEY_FILE)
            return path.read_text()
        except OSError as error:
            raise _no_data_dir(self.data_dir, error) from error


def unknown() -> tuple[str, ...]:
    """Variables that look like settings and are none: most likely misspelled."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return tuple(
        name
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known and not name.startswith(TESTS)
    )


def bounds(name: str) -> Mapping[str, float]:
    """The limits of a setting that is a number: `gt`, `ge`, `le`."""
    found: dict[str, float] = {}
    for limit in Settings.model_fields[name].metadata:
        found |= {k: getattr(limit, k) for k in ("gt", "ge", "le") if hasattr(limit, k)}
    return found


def _make_key(path: Path) -> None:
    """It appears whole: two starts at once agree on one, and a full disk leaves no half of it."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        _write_private(draft, secrets.token_hex(KEY_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)


def _no_data_dir(folder: Path, error: OSError) -> errors.Invalid:
    return errors.Invalid(
        "settings.data_dir",
        field="GRIDCASE_DATA_DIR",
        folder=str(folder),
        why=os.strerror(error.errno or 0),
    )
