"""A refusal without script: its page leads back to where one may be."""

import pytest

from tests.browser.screens.frame import LOGIN, TOO_MANY_FIELDS


@pytest.mark.parametrize(("role", "address", "status"), [
    pytest.param("Reader", TOO_MANY_FIELDS, 400, id="unreadable"),
    pytest.param("", LOGIN, 500, id="broken"),
])  # fmt: skip
def test_the_way_home_is_there_without_script(page_as, settings, role, address, status):
    page = page_as(role, language="en", script=False)
    backends = settings.AUTHENTICATION_BACKENDS
    if status == 500:
        settings.AUTHENTICATION_BACKENDS = ["nothing.Here"]
    answer = page.goto(address)
    assert answer.status == status
    settings.AUTHENTICATION_BACKENDS = backends
    page.get_by_role("link", name="Home").click()
    assert page.url.split("?")[0].rstrip("/").endswith(("/admin", "/admin/login"))
