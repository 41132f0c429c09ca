"""Configuration: files, mappings and sites on the spot, rulesets, and everything that can be wrong with them."""

from ndrfilter.config.load import find, from_mapping, load
from ndrfilter.config.model import Config
from ndrfilter.config.rulesets import RulesetChoice, load_ruleset

__all__ = ["Config", "RulesetChoice", "find", "from_mapping", "load", "load_ruleset"]
