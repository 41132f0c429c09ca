"""Configuration: files, mappings and sites on the spot, rulesets, and everything that can be wrong with them."""

from ndrfilter.config.load import find, from_mapping, load
from ndrfilter.config.model import Config

__all__ = ["Config", "find", "from_mapping", "load"]
