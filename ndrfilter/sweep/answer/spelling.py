"""Which address was meant: a near one that the person uses, or a near domain that everybody uses; better none than
a wrong one."""

from __future__ import annotations

from functools import lru_cache
from heapq import nlargest
from importlib.resources import files
from itertools import islice

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.book import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from ndrfilter.sweep.answer.nouns import Book

_SHORT, _LONG = 4, 8  # characters: a shorter name has too many neighbours; in a longer one two slips are still one name
_CLEARLY = 3  # times as often used as the next best, to be the one that was meant
_USED = 3  # messages with a domain, before it is taken for one that the person means
_KNOWN, _DOMAIN, _FREEMAIL = 3, 2, 1  # how good a candidate is: the address is used, its domain is, everybody's is
_SEPARATORS = str.maketrans("", "", ".-_")


class _Meant(Noun):
    """A candidate; the greatest is the best."""

    tier: int
    nearness: int
    used: int
    address: str


@lru_cache(maxsize=1)
def _data() -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The well-known domains, and the endings that do not exist with what they should be."""
    import yaml

    text = files(__package__).joinpath("spelling.yml").read_text(encoding="utf-8")
    tree = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe, either
    return tuple(tree["freemail"]), tree["endings"]


class Speller:
    """Suggests addresses out of a book; never one of `refused`, folded, which came back themselves."""

    def __init__(self, book: Book | None, refused: Container[str] = ()) -> None:
        self._refused = refused
        self._used: dict[str, dict[str, int]] = {}  # domain, local part
        for address, sent, received in islice(book.all() if book else (), limits.ANSWER_BOOK):
            local, _, domain = address.rpartition("@")
            self._used.setdefault(domain, {})[local] = sent + received
        totals = {domain: sum(locals_.values()) for domain, locals_ in self._used.items()}
        self._domains = dict(nlargest(limits.ANSWER_NEAR, totals.items(), key=lambda pair: pair[1]))

    def meant(self, address: str) -> str:
        """The address that was likely meant, or ""."""
        local, _, domain = folded(address).rpartition("@")
        if not local or len(address) > limits.ANSWER_ADDRESS:
            return ""
        here = self._used.get(domain, {}).get(local, 0)
        found = (*self._same_domain(local, domain), *self._other_domain(local, domain))
        return _clear([one for one in found if one.used > here and one.address not in self._refused])

    def _same_domain(self, local: str, domain: str) -> Iterator[_Meant]:
        known = self._used.get(domain, {})
        for other in nlargest(limits.ANSWER_NEAR, known, key=known.__getitem__):
            slips = _slips_of_name(local, other)
            if slips:
                yield _Meant(_KNOWN, -slips, known[other], f"{other}@{domain}")

    def _other_domain(self, local: str, domain: str) -> Iterator[_Meant]:
        freemail, _ = _data()
        if domain in freemail or self._domains.get(domain, 0) >= _USED:
            return
        for other in {*self._domains, *freemail}:
            slips = _slips_of_domain(domain, other)
            if not slips:
                continue
            known = self._used.get(other, {}).get(local, 0)
            used = self._domains.get(other, 0)
            tier = _KNOWN if known else _DOMAIN if used >= _USED else _FREEMAIL if other in freemail else 0
            if tier:
                yield _Meant(tier, -slips, known or used or 1, f"{local}@{other}")


def _clear(found: Iterable[_Meant]) -> str:
    """The address of the one that is clearly the best, or ""."""
    best = sorted(found, reverse=True)[:2]
    if not best:
        return ""
    if len(best) == 2 and best[0][:2] == best[1][:2] and best[0].used < _CLEARLY * best[1].used:
        return ""
    return best[0].address


def _slips_of_name(local: str, other: str) -> int:
    """How many slips lie between two local parts, 0 for the same and for different people."""
    if local.translate(_SEPARATORS) == other.translate(_SEPARATORS):
        return int(local != other)
    short = min(len(local), len(other)) < _SHORT
    if _digits(local) != _digits(other) or (short and set(local) != set(other)):
        return 0  # anna1 and anna2 are two people, ben and bea too; bbo is likely bob
    return slips(local, other, 2 if min(len(local), len(other)) >= _LONG else 1)


def _slips_of_domain(domain: str, other: str) -> int:
    """How many slips lie between two domains, 0 for the same and for different ones."""
    _, endings = _data()
    stem, _, ending = domain.rpartition(".")
    mended = f"{stem}.{endings.get(ending, ending)}"
    if mended == other:
        return int(domain != other)
    if _digits(mended) != _digits(other) or mended.rpartition(".")[2] != other.rpartition(".")[2]:
        return 0  # example.de and example.fr are two firms
    if min(len(stem), len(other.rpartition(".")[0])) < _SHORT:
        return 0
    return slips(mended, other, 2 if len(stem) >= _LONG else 1)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def slips(a: str, b: str, most: int) -> int:
    """How many characters were left out, added, mistaken or swapped between two texts, 0 for none or above `most`."""
    if abs(len(a) - len(b)) > most or len(set(a) ^ set(b)) > 2 * most:
        return 0
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return 0
    return row[-1] if row[-1] <= most else 0
