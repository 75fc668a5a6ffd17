"""The twin of the hasher for stories in which nobody types a password."""


class NoPasswords:
    """Obeys ports.PasswordHasher as far as that goes."""

    async def hash(self, password: str) -> str:
        raise NotImplementedError

    async def verify(self, password: str, password_hash: str | None) -> bool:
        raise NotImplementedError

    def outdated(self, password_hash: str) -> bool:
        raise NotImplementedError
