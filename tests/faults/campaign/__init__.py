"""The fault campaign: people upload while everything around them breaks, and in the end nothing may be wrong."""
