"""What a command and a worker must have in common is named one by one, and no value is sent."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from legacy_import.engine import environment as subject
from legacy_import.engine.environment import differences, environment_digests, in_words

TOKEN = "a-lease"
# A value of each setting that no test has.
OTHER_VALUES: dict[str, Any] = {
    "LEGACY_IMPORT_PLACEHOLDER_EMAILS": ["nobody@exemple.dz"],
    "LEGACY_IMPORT_ROLE_MAILBOXES": ["scolarite@exemple.dz"],
}


@pytest.fixture(autouse=True)
def not_cached() -> None:
    environment_digests.cache_clear()


def changed(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> tuple[str, ...]:
    before = environment_digests(TOKEN)
    monkeypatch.setattr(settings, name, value, raising=False)
    environment_digests.cache_clear()
    return differences(before, environment_digests(TOKEN))


OF_STAGES = sorted(
    name
    for name in dir(settings)
    if name.startswith("LEGACY_") and name not in subject.NOT_OF_STAGES | set(subject.FILES)
)


def test_there_are_settings_that_stages_read() -> None:
    assert len(OF_STAGES) > 10


@pytest.mark.parametrize("name", OF_STAGES)
def test_every_setting_that_a_stage_may_read_is_compared(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed(monkeypatch, name, OTHER_VALUES.get(name, "another value")) == (name,)


@pytest.mark.parametrize("name", sorted(subject.NOT_OF_STAGES))
def test_what_no_stage_reads_may_differ(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert changed(monkeypatch, name, "another value") == ()


@pytest.mark.parametrize("name", subject.FILES)
def test_a_file_counts_by_its_contents_wherever_it_is(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.write_text("one")
    there.write_text("one")
    monkeypatch.setattr(settings, name, str(here))
    environment_digests.cache_clear()
    assert changed(monkeypatch, name, str(there)) == ()
    environment_digests.cache_clear()
    before = environment_digests(TOKEN)
    there.write_text("two")
    environment_digests.cache_clear()
    assert differences(before, environment_digests(TOKEN)) == (name,)


@pytest.mark.parametrize(("part", "key"), sorted(subject.CONNECTION_KEYS.items()))
def test_the_old_database_is_compared_by_the_keys_that_name_it(
    part: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = {**settings.DATABASES, "legacy": {**settings.DATABASES["legacy"], part: "another"}}
    assert changed(monkeypatch, "DATABASES", databases) == (key,)


def test_the_password_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    legacy = {**settings.DATABASES["legacy"], "PASSWORD": "another"}
    assert changed(monkeypatch, "DATABASES", {**settings.DATABASES, "legacy": legacy}) == ()


@pytest.mark.parametrize("folder", subject.CODE)
def test_the_code_of_every_folder_is_compared(
    folder: str, tmp_path: Path, monkeypatch: Any
) -> None:
    module = tmp_path / folder / "module.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    digests = []
    for text in ("a = 1", "a = 2", "a = 1"):
        module.write_text(text)
        digests.append(subject._code_digest(folder))
    assert digests[0] == digests[2] != digests[1]
    module.rename(module.with_name("renamed.py"))
    assert subject._code_digest(folder) != digests[0]


@pytest.mark.parametrize("folder", subject.CODE)
def test_there_is_code_in_each(folder: str) -> None:
    assert subject._code_digest(folder) != subject._code_digest("nowhere")


def test_digests_are_of_one_command() -> None:
    mine = environment_digests(TOKEN)
    environment_digests.cache_clear()
    assert not set(mine.values()) & set(environment_digests("another lease").values())


def test_what_one_side_lacks_is_a_difference() -> None:
    assert differences({"a": "1"}, {"a": "1", "b": "2"}) == ("b",)


def test_code_is_named_as_code() -> None:
    names = ["legacy_import/rules", "LEGACY_DB_HOST or LEGACY_DB_SOCKET"]
    assert in_words(names) == (
        "the code in legacy_import/rules, LEGACY_DB_HOST or LEGACY_DB_SOCKET"
    )
