"""A version of the plugin API for each kind, and what is written for which."""

from __future__ import annotations

import re

import pytest

from consentcore.cli.scaffold import KINDS, write_plugin
from consentcore.hooks.discovery import installed_plugins
from consentcore.hooks.info import API_VERSION, PluginInfo, PluginKind
from consentcore.hooks.versions import API_VERSIONS, api_problems, is_newer


def test_who_names_no_version_was_written_for_the_first():
    assert PluginInfo("a", PluginKind.STORAGE, "A.").api == API_VERSION == "1.0"


@pytest.mark.parametrize("kind", sorted(set(PluginKind) - {PluginKind.STORAGE}))
def test_plugins_of_the_first_version_are_taken_of_every_kind_but_storages(kind):
    assert api_problems(kind, "1.0") == []
    assert not is_newer(kind, "1.0")


@pytest.mark.parametrize("kind", PluginKind)
def test_a_later_minor_version_is_taken_and_a_later_major_one_is_not(kind):
    major = int(API_VERSIONS[kind].partition(".")[0])
    assert api_problems(kind, f"{major}.99") == []
    assert is_newer(kind, f"{major}.99")
    (problem,) = api_problems(kind, f"{major + 1}.0")
    assert problem.endswith("install a version for this API")


def test_storage_of_the_first_version_is_told_what_to_write_and_of_which_kind_it_is():
    (problem,) = api_problems(PluginKind.STORAGE, "1.0")
    assert problem.startswith("it was written for plugin API 1.0, that of a storage is 2.0 now (gone: ")
    assert '"For authors of storage plugins" in docs/upgrading.md says what to write instead' in problem
    assert "\n" not in problem


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_begun_names_the_version_of_its_kind(tmp_path, kind):
    files = write_plugin(kind, "shelf", tmp_path / "new")
    (manifest,) = (name for name in files if name.endswith("consentcore_shelf/__init__.py"))
    named = re.findall(r'\bapi="([\d.]+)"', (tmp_path / "new" / manifest).read_text())
    assert named == [API_VERSIONS[KINDS[kind]]]


def test_bundled_plugins_fit():
    infos = [
        one.load().consentcore_plugin() for one in installed_plugins() if one.distribution == "consentcore"
    ]
    assert [info.name for info in infos if api_problems(info.kind, info.api)] == []
