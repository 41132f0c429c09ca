"""The rule language: text → checked, compiled rules. Knows neither messages nor facts, only their declared types.

`text → syntax tree (parse) → checked, plain tuples (lower) → closures (closures)`. The parser is imported when text
must be compiled, never when compiled rules are run.
"""

from __future__ import annotations

from ndrfilter.lang.lists import NamedList
from ndrfilter.lang.rule import Program, Rule, RuleTest, Source, World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ndrfilter.lang.image import Image
    from ndrfilter.schema import Schema


def compiled(
    sources: Sequence[Source], schema: Schema, lists: Mapping[str, Sequence[str] | Path] | None = None
) -> tuple[Image, Program]:
    """As `load`, with the program's image beside it: plain data that `image.link` makes the program of again.

    The image's `inputs` are the paths of further files that the sources named.
    """
    from ndrfilter.lang.check import compile_sources

    return compile_sources(sources, schema, lists or {})


def load(sources: Sequence[Source], schema: Schema, lists: Mapping[str, Sequence[str] | Path] | None = None) -> Program:
    """Compile rule texts. `lists` are the configuration's named lists: their lines, or the files that hold them.

    Raises `RuleError` with every mistake of every source; warnings are in the program.
    """
    return compiled(sources, schema, lists)[1]


__all__ = ["NamedList", "Program", "Rule", "RuleTest", "Source", "World", "compiled", "load"]
