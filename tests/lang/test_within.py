"""`within` is what `site.within` says of any of the domains, however many there are and wherever they come from."""

from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.lang.guard import Condition
from ndrfilter.schema import Unknown
from ndrfilter.site import within

labels = st.sampled_from(["", "a", "b", "ab", "*"])
names = st.lists(labels, max_size=4).map(".".join)
domains = st.lists(names.map(lambda name: name.rstrip(".")), max_size=3).map(tuple)


class Scope:
    def __init__(self, name, domains):
        self.facts = {"name": name, "domains": domains}

    def fact(self, name):
        return self.facts[name]


def asked(right, name, domains):
    return Condition(("within", ("fact", "name"), right, False))(Scope(name, domains))


@given(names, domains)
def test_a_name_is_within_domains_as_it_is_within_one_of_them(name, domains):
    expected = any(within(name.rstrip("."), domain) for domain in domains)
    assert asked(("fact", "domains"), name, domains) is expected
    assert asked(("fact", "domains"), name, list(domains)) is expected
    assert asked(("const", domains), name, ()) is expected


@given(names, domains)
def test_what_is_unknown_of_the_domains_matters_where_no_other_decides(name, domains):
    unknown = Unknown("nobody knows")
    held = any(within(name.rstrip("."), domain) for domain in domains)
    assert asked(("fact", "domains"), name, (unknown, *domains)) == (True if held else unknown)
    assert asked(("fact", "domains"), name, (["odd"], *domains)) is held
    assert asked(("fact", "domains"), name, None) is False
