"""All that the use cases need from outside, a file for each need.

Adapters in ``app/infra`` turn their library's errors into ours at the wall: storage trouble is a ``StorageError``,
a database out of reach is a ``DatabaseUnavailable``, and only what ``app/domain/errors.py`` lists reaches a user.
"""
