"""What CI systems take as JUnit XML, written out, and a strict reader of it.

The format has no standard; this is what Jenkins' schema (xunit plugin), GitLab and GitHub actions
have in common: every name below is known to all of them.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["read"]

_COUNTS: Final = ("tests", "failures", "errors", "skipped")
_ATTRIBUTES: Final = {
    "testsuites": ({"name", *_COUNTS, "time"}, set()),
    "testsuite": ({"name", *_COUNTS, "time"}, set()),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, {"file"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
"""Of each element the attributes it must have, and those it can have."""
_CHILDREN: Final = {
    "testsuites": r"(testsuite )+",
    "testsuite": r"(properties )?(testcase )+",
    "properties": r"(property )+",
    "testcase": r"((failure|error|skipped) )?(system-out )?",
}
"""The elements in each, in their order; in all others there are none."""
_TEXT: Final = {"failure", "error", "system-out"}
_NUMBER: Final = re.compile(r"\d+")
_SECONDS: Final = re.compile(r"\d+\.\d{6}")


def read(xml: bytes) -> ET.Element:
    """Parse a report, and check every element of it."""
    root = ET.fromstring(xml)
    assert root.tag == "testsuites"
    for element in root.iter():
        must, can = _ATTRIBUTES[element.tag]
        assert must <= set(element.attrib) <= must | can, element.attrib
        order = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(_CHILDREN.get(element.tag, ""), order), (element.tag, order)
        if element.tag not in _TEXT:
            assert not (element.text or "").strip()
        for name in _COUNTS:
            if name in element.attrib:
                assert _NUMBER.fullmatch(element.attrib[name])
        if "time" in element.attrib:
            assert _SECONDS.fullmatch(element.attrib["time"])
    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(list(suite.iter(tag))), name
        seconds = sum(float(case.attrib["time"]) for case in cases)
        assert abs(float(suite.attrib["time"]) - seconds) < 1e-5
    names = [
        (suite.attrib["name"], case.attrib["classname"], case.attrib["name"])
        for suite in root
        for case in suite.iter("testcase")
    ]
    assert len(set(names)) == len(names)
    return root
