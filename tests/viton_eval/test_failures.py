"""The galleries of failures: chosen by severity alone, and each pair's page one click away."""

import pandas as pd
import pytest

from viton_eval.failure_rules import rules
from viton_eval.failures import chosen, headline, links


@pytest.fixture
def rule():
    return rules(None)[0]


def told_of(rule, severities):
    rows = [(rule.name, f"p{n}", "c", value, value > rule.threshold, "") for n, value in enumerate(severities)]
    return pd.DataFrame(rows, columns=["rule", "person", "clothing", "severity", "fires", "why"])


def test_worst_median_and_best_are_those_of_the_order(rule):
    told = told_of(rule, [3.0, 1.0, 9.0, 2.0, 7.0, 5.0, 4.0])
    found = {title: rows["severity"].tolist() for title, rows in chosen(told, rule).items()}
    assert found == {"worst": [9, 7], "median": [5, 4], "best": [2, 1]}


def test_every_pair_of_a_gallery_leads_to_its_page(rule):
    told = told_of(rule, [1.0, 2.0, 3.0])
    assert links(told, rule) == (
        "worst: [p2 in c](../pairs/p2__c.html); median: [p1 in c](../pairs/p1__c.html); "
        "best: [p0 in c](../pairs/p0__c.html)"
    )
    assert links(told.head(0), rule) == ""


def test_an_id_that_leads_elsewhere_has_no_link_and_odd_ones_are_quoted(rule):
    told = told_of(rule, [1.0, 2.0, 3.0])
    told["person"] = ["../x", "a b(1)", "p2"]
    assert "../x" not in links(told, rule)
    assert "(../pairs/a%20b%281%29__c.html)" in links(told, rule)


def test_a_rule_that_can_say_nothing_says_so(rule):
    assert headline(told_of(rule, []), rule) == f"{rule.name}: nothing can be said of any pair"
