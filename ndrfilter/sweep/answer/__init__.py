"""What a person is told after a sweep: one page, as plain text and as HTML, in five languages.

`answer_of` reads the rows once and comes to a diagnosis; `plain` and `html` show it. Texts are data in `words/`.
"""

from ndrfilter.sweep.answer.diagnose import answer_of
from ndrfilter.sweep.answer.nouns import Answer, Scope, SentScope
from ndrfilter.sweep.answer.plaintext import plain
from ndrfilter.sweep.answer.texts import LANGUAGES
from ndrfilter.sweep.answer.webpage import html

__all__ = ["LANGUAGES", "Answer", "Scope", "SentScope", "answer_of", "html", "plain"]
