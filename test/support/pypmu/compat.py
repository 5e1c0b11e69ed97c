"""pypmu 1.0.0a0 was written for a Python whose `collections` still had the abstract classes."""
import collections
import collections.abc

collections.Sequence = collections.abc.Sequence
