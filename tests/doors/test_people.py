"""What people read, compared with golden files in tests/cases/output/."""

import json
import re

import pytest

from ndrfilter.doors.explain import page
from ndrfilter.doors.listing import FEW, Listing, block, line
from ndrfilter.doors.reply import annotate
from ndrfilter.engine.result import Undecided
from ndrfilter.site import Site
from ndrfilter.terminal import Style

NAMES = ("backscatter", "genuine", "undetermined", "fake", "ordinary")


def joined(lines) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", [*NAMES, "no-mail", "traced"])
def test_block(name, results, golden):
    golden(f"block-{name}.txt", joined(block(f"new/{name}.eml", results[name], Style())))


@pytest.mark.parametrize("name", [*NAMES, "no-mail"])
def test_page(name, results, golden):
    golden(f"page-{name}.txt", joined(page(results[name], Style(), Site(domains=("example.com",)))))


def test_what_stayed_open_for_one_reason_names_the_reason_once(results):
    mute, locked = "DNS TXT example.com: no answer", "the store is locked"
    causes = {"SPF_FAIL": mute, "SENT": locked, "SPF_PASS": mute, "SPF_SOFTFAIL": mute}
    result = results["undetermined"]._replace(undecided=tuple(Undecided(*one) for one in causes.items()))
    shown = [" ".join(joined(show).split()) for show in (block("x", result, Style()), page(result, Style()))]
    assert f"undecided: SPF_FAIL, SPF_PASS, SPF_SOFTFAIL ({mute}), SENT ({locked})" in shown[0]
    assert f"SPF_FAIL, SPF_PASS, SPF_SOFTFAIL: {mute} SENT: {locked}" in shown[1]


@pytest.mark.parametrize("show", [lambda result: block("x", result, Style()), lambda result: page(result, Style())])
@pytest.mark.parametrize("score", [10.0, 100.0])
def test_scores_of_any_size_stand_in_one_column(results, show, score):
    hits = tuple(
        hit._replace(score=score) if number == 1 else hit for number, hit in enumerate(results["fake"].hits * 3)
    )
    result = results["fake"]._replace(hits=hits + results["backscatter"].hits[:3])
    lines = [line for line in show(result) if re.match(r"\s*\+\d", line)]
    assert len(lines) >= 6
    assert len({line.index(".") for line in lines}) == 1
    assert len({re.match(r"\s*\S+\s+", line).end() for line in lines}) == 1


def test_colour(results, golden):
    golden("block-colour.txt", joined(block("x.eml", results["backscatter"], Style(True))))


def test_a_few_get_a_block_each_genuine_first(results, golden):
    listing = Listing(Style())
    for name in ("backscatter", "fake", "genuine"):
        listing.add(f"{name}.eml", results[name])
    golden("few.txt", joined(listing))


def fill(listing: Listing, results, backscatter: int) -> list[str]:
    for number in range(backscatter):
        listing.add(f"new/{number}.eml", results["backscatter"])
    for name in NAMES[1:]:
        listing.add(f"{name}.eml", results[name])
    return list(listing)


def test_many_get_a_line_each_genuine_first(results, golden):
    golden("many.txt", joined(fill(Listing(Style()), results, FEW)))


def test_all_lines_are_there_unless_a_person_watches(results):
    assert len(fill(Listing(Style()), results, 3000)) == 3005
    watched = fill(Listing(Style(), short=True), results, 3000)
    assert len(watched) == 106
    assert "2,900 more (--only backscatter lists them all)" in joined(watched)
    assert len(fill(Listing(Style(), short=True, only=("backscatter",)), results, 3000)) == 3001


def test_summary_counts_everything_and_shows_what_was_asked_for(results):
    listing = Listing(Style(), only=("fake",))
    listing.lost(1)
    *_, summary = lines = fill(listing, results, 2941)
    assert summary == (
        "2,945 messages: 2,941 not yours, 1 fake, 1 to read, 1 unclear, 1 no bounce, 1 could not be read."
    )
    assert "backscatter.eml" not in joined(lines)


def test_one_message_needs_no_summary(results):
    listing = Listing(Style())
    listing.add("x.eml", results["ordinary"])
    assert "message" not in list(listing)[-1].replace("an ordinary message", "")
    assert list(Listing(Style())) == ["0 messages."]


def test_nothing_from_mail_reaches_the_terminal_raw(results):
    evil = "\x1b]0;owned\x07\n\u202e"
    base = results["genuine"]
    original = base.original._replace(subject=evil, author=evil, to=(evil,), handover=evil, stranger=evil)
    result = base._replace(
        hits=tuple(hit._replace(text=evil) for hit in base.hits),
        recipients=tuple(one._replace(address=evil, diagnostic=evil, status=evil) for one in base.recipients),
        original=original._replace(message_id=evil),
        dialect=evil,
        reporting_mta=evil,
        undecided=tuple(one._replace(cause=evil) for one in results["backscatter"].undecided),
        advice=base.advice._replace(sent=evil, why=evil, do=evil),
        defects=(evil,),
        trace=(("R", evil), ("  " + evil, evil)),
    )
    shown = [*block(evil, result, Style()), *page(result, Style()), line(evil, result, Style())]
    assert all(text.isprintable() for whole in shown for text in whole.split("\n"))
    assert not any("owned\x07" in text for text in shown)


def test_json(results, golden):
    golden("result.json", json.dumps({"path": "new/17.eml", **results["backscatter"].to_dict()}, indent=1) + "\n")


def test_headers(results, golden):
    golden("headers.txt", annotate(b"", results["backscatter"]).decode().removesuffix("\n"))


def test_many_in_short(results, golden):
    shown = fill(Listing(Style()), results, FEW)
    golden("many-head.txt", joined([*shown[:5], "…", *shown[-2:]]))


def test_the_documentation_shows_what_is_printed(root):
    text = (root / "docs" / "output.md").read_text()
    shown = re.findall(r"<!-- golden: (\S+) -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 7
    for name, example in shown:
        assert example == (root / "tests" / "cases" / "output" / name).read_text(), name


def test_the_documentation_names_every_defect(root):
    text = (root / "docs" / "output.md").read_text()
    sources = "".join(path.read_text() for path in (root / "ndrfilter").rglob("*.py"))
    codes = re.findall(r'(?:_defect\(|defects\.append\(|TOO_LONG = |yield )"([a-z]+(?:-[a-z]+)+)"', sources)
    assert {"no-header", "too-big", "too-deep", "too-many-hops", "message-too-long"} <= set(codes)
    assert [code for code in codes if f"`{code}`" not in text] == []


def test_the_documentation_names_every_key(root, results):
    text = (root / "docs" / "output.md").read_text()
    for key in results["backscatter"].to_dict():
        assert f"`{key}`" in text, key
