import stat
from pathlib import Path

from devserver.data_directory import DataDirectory
from devserver.kept_settings import keep_settings, kept_settings


def test_what_finds_the_stores_is_kept_for_its_owner_and_no_key_of_tokens_is_in_it(tmp_path: Path):
    stores = {"FIAPX_DATABASE_URL": "mysql://u:p@db/fiapx", "FIAPX_REDIS_URL": "redis://:p@localhost"}
    assert kept_settings(tmp_path) == {}
    keep_settings(DataDirectory(tmp_path), {**stores, "FIAPX_JWT_SECRET": "x", "FIAPX_SMTP_URL": "y", "PATH": "z"})
    assert kept_settings(tmp_path) == stores
    assert stat.S_IMODE((tmp_path / "settings.json").stat().st_mode) == 0o600
