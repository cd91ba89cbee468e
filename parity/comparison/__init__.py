"""Comparing two records, channel by channel."""
