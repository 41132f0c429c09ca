"""Bytes to `Message`: header fields, MIME tree, trace, report, the returned original. Never raises, records defects."""

from ndrfilter.message.parse import Message, parse

__all__ = ["Message", "parse"]
