from __future__ import annotations

import pytest

from dealwright.web.targets import local


@pytest.mark.parametrize("address", ["/", "/records/sales.account", "/records/a.b?q=x%20y&sort=-name", "/a/b/c?d=e/f"])
def test_a_path_of_this_server_is_taken_as_it_is(address: str) -> None:
    assert local(address, "/home") == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "https://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "evil.example/records",
        "@evil.example",
        "?next=/",
        "#x",
        "/a#b",
        "/%0d%0aSet-Cookie: a=b",
        "/a b",
        "/<script>",
        "/é",
        "/" + "a" * 2000,
        "http:///evil.example",
        "/;@evil.example\r\n",
        "//evil.example/%2f..",
    ],
)
def test_anything_else_leads_home(address: str | None) -> None:
    assert local(address, "/home") == "/home"
