"""Tools for people who configure ndrfilter and write rules: each command in its own module."""
