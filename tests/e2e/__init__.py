"""A package, so that its service ends with the last of its tests, and does not idle beside the others."""
