"""Keeps a processor busy and neither reads nor writes."""

while True:
    pass
