"""``fiapx up``: the whole service and its stores on one machine, for those who try it or work on it.

It starts the service as anybody would, as ``fiapx`` processes with an environment, and knows of ``app`` nothing but
which settings there are.
"""
