"""Configuration: files, mappings and sites on the spot, rulesets, and everything that can be wrong with them."""

from ndrfilter.config.choice import RulesetChoice
from ndrfilter.config.load import find, from_mapping, load
from ndrfilter.config.me import for_me
from ndrfilter.config.model import Config
from ndrfilter.config.rulesets import load_ruleset

__all__ = ["Config", "RulesetChoice", "find", "for_me", "from_mapping", "load", "load_ruleset"]
