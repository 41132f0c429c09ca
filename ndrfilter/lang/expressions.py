"""The syntax tree of expressions and literals. One class for every rule of grammar.lark, in its order.

Docstrings give the parts; a question mark stands behind one that may be missing.
"""

from __future__ import annotations

from ndrfilter.lang.tree import Node


class OrExpr(Node):
    """two or more expressions."""


class AndExpr(Node):
    """two or more expressions."""


class NotExpr(Node):
    """expression."""


class SurelyExpr(Node):
    """expression."""


class Quantified(Node):
    """QUANTIFIER, NAME, list, condition."""


class Compare(Node):
    """expression, COMPARISON, expression."""


class TextCompare(Node):
    """expression, NOT?, operator, expression."""


class StateExpr(Node):
    """expression, STATE."""


class Arithmetic(Node):
    """expression, PLUS or MINUS, expression."""


class OtherwiseExpr(Node):
    """expression, expression."""


class Member(Node):
    """expression, NAME."""


class Index(Node):
    """expression, key."""


class Ref(Node):
    """NAME."""


class Call(Node):
    """NAME, arguments."""


class HitExpr(Node):
    """NAME."""


class AtLeast(Node):
    """number, expressions."""


class AtLeastRules(Node):
    """number, NAMEs."""


class ListLiteral(Node):
    """expressions."""


class String(Node):
    """STRING, quotes and escapes as written."""


class LongString(Node):
    """LONG_STRING as written."""


class Number(Node):
    """NUMBER."""


class Duration(Node):
    """DURATION."""


class Date(Node):
    """DATE."""


class Network(Node):
    """NETWORK: an address or a network."""


class Regex(Node):
    """REGEX, slashes and flags as written."""


class Boolean(Node):
    """BOOLEAN."""
