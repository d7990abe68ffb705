"""What setup.cfg says, held against the disk: an editable install hides every mistake made here."""

from __future__ import annotations

import ast
import configparser
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import consentcore

ROOT = Path(__file__).resolve().parent.parent
SOURCE_SUFFIXES = {".py", ".pyc"}


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lines(value: str) -> list[str]:
    return [line.strip() for line in value.splitlines() if line.strip() and not line.strip().startswith("#")]


def package_roots() -> dict[str, Path]:
    """Top-level import name -> its folder."""
    roots = {"consentcore": ROOT / "consentcore", "consentcore_templates": ROOT / "templates"}
    roots |= {folder.name: folder for folder in plugin_folders()}
    return roots


def plugin_folders() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "plugins").glob("*/__init__.py"))


def packages_on_disk() -> set[str]:
    found = set()
    for name, root in package_roots().items():
        for init in root.rglob("__init__.py"):
            found.add(".".join((name, *init.parent.relative_to(root).parts)))
    return found


def modules_without_package() -> list[Path]:
    return [
        path
        for root in package_roots().values()
        for path in root.rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    ]


def data_files(root: Path) -> set[Path]:
    return {
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in SOURCE_SUFFIXES and "__pycache__" not in path.parts
    }


def test_package_list_names_exactly_the_packages_on_disk(setup_cfg):
    assert set(lines(setup_cfg["options"]["packages"])) == packages_on_disk()


def test_no_module_lies_in_a_folder_that_is_not_a_package():
    assert modules_without_package() == []


def test_plugins_folder_is_a_source_root_and_not_a_package():
    assert not (ROOT / "plugins" / "__init__.py").exists()


def test_every_data_file_is_packaged_and_every_pattern_finds_one(setup_cfg):
    roots = package_roots()
    packaged: set[Path] = set()
    for package, patterns in setup_cfg["options.package_data"].items():
        for pattern in lines(patterns):
            hits = {path for path in roots[package].glob(pattern) if path.is_file()}
            assert hits, f"{package}: {pattern} matches nothing"
            packaged |= hits
    assert {path for root in roots.values() for path in data_files(root)} - packaged == set()


def test_typed_packages_say_so():
    roots = [root for name, root in package_roots().items() if name != "consentcore_templates"]
    assert [root.name for root in roots if not (root / "py.typed").exists()] == []


def test_every_plugin_folder_has_its_entry_point(setup_cfg):
    declared = dict(
        re.split(r"\s*=\s*", line) for line in lines(setup_cfg["options.entry_points"]["consentcore.plugins"])
    )
    assert declared == {folder.name.removeprefix("consentcore_"): folder.name for folder in plugin_folders()}


@pytest.mark.parametrize("group", ["consentcore.plugins", "console_scripts", "paste.app_factory", "pytest11"])
def test_installed_entry_points_are_those_of_setup_cfg_and_load(setup_cfg, group):
    declared = {line.split("=")[0].strip() for line in lines(setup_cfg["options.entry_points"][group])}
    installed = {
        point.name: point for point in metadata.distribution("consentcore").entry_points.select(group=group)
    }
    assert set(installed) == declared
    assert all(point.load() is not None for point in installed.values())


def test_version_is_the_modules(setup_cfg):
    assert setup_cfg["metadata"]["version"] == "attr: consentcore.__version__"
    assert metadata.version("consentcore") == consentcore.__version__


def requirements_in() -> dict[str, Requirement]:
    text = (ROOT / "requirements.in").read_text(encoding="utf-8")
    return {canonicalize_name(found.name): found for found in map(Requirement, lines(text))}


def locked() -> dict[str, list[str]]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def test_runtime_bounds_are_the_same_in_setup_cfg_and_requirements_in(setup_cfg):
    wanted = requirements_in()
    runtime = [Requirement(line) for line in lines(setup_cfg["options"]["install_requires"])]
    differing = [
        str(found) for found in runtime if str(wanted.get(canonicalize_name(found.name))) != str(found)
    ]
    assert differing == []


def test_lock_satisfies_every_requirement():
    versions = locked()
    unmet = [
        str(wanted)
        for name, wanted in requirements_in().items()
        if not versions.get(name) or not all(wanted.specifier.contains(version) for version in versions[name])
    ]
    assert unmet == []


def test_lock_pins_with_hashes_and_names_no_place():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    without_hash = [
        entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry
    ]
    assert without_hash == []
    assert re.findall(r"https?://\S+|--find-links|--index-url|file:\S+", text) == []


RESOURCE = ROOT / "distributions" / "consentcore-resource"


@pytest.fixture(scope="module")
def resource_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(RESOURCE / "setup.cfg", encoding="utf-8")
    return config


def resource_files() -> list[Path]:
    """The modules of the distribution for APIs, as scripts/build_wheels.py takes them."""
    core = ROOT / "consentcore"
    text = (ROOT / "scripts" / "build_wheels.py").read_text(encoding="utf-8")
    parts = ast.literal_eval(re.search(r"(?m)^RESOURCE_PARTS = (\(.*\))$", text)[1])
    return sorted(
        path
        for part in parts
        for path in ([core / part], (core / part).rglob("*.py"))[(core / part).is_dir()]
    )


def test_the_distribution_for_apis_names_what_it_imports_and_no_more(resource_cfg):
    files = [path for path in resource_files() if path.suffix == ".py"]
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert set(lines(resource_cfg["options"]["packages"])) == packages
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files} | packages
    allowed = {Requirement(line).name for line in lines(resource_cfg["options"]["install_requires"])}
    foreign = {
        (path.name, name)
        for path in files
        for name in imported_modules(path)
        if name not in modules
        and name.split(".")[0] not in sys.stdlib_module_names
        and name.split(".")[0] not in allowed
    }
    pyramid = {("pyramid.py", name) for _, name in foreign if name.split(".")[0] == "pyramid"}
    factory = {("__init__.py", "consentcore.app"), ("__init__.py", "consentcore.web.ingress")}
    assert foreign - pyramid == factory, "main() makes the server's application, and is not called here"
    assert "pyramid" in resource_cfg["options.extras_require"]


def test_the_distribution_for_apis_has_the_bounds_of_the_server(setup_cfg, resource_cfg):
    extra = lines(resource_cfg["options.extras_require"]["pyramid"])
    own = lines(resource_cfg["options"]["install_requires"])
    assert set(own) | set(extra) <= set(lines(setup_cfg["options"]["install_requires"]))
    for section, name in (("metadata", "version"), ("metadata", "license"), ("options", "python_requires")):
        assert resource_cfg[section][name] == setup_cfg[section][name]
    system = [tomllib.loads((at / "pyproject.toml").read_text())["build-system"] for at in (ROOT, RESOURCE)]
    assert system[0] == system[1]


def test_import_contracts_know_every_plugin_and_every_part_of_the_core(pyproject):
    linter = pyproject["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    plugins = {folder.name for folder in plugin_folders()}
    core = {path.stem for path in (ROOT / "consentcore").glob("*.py")}
    core |= {path.parent.name for path in (ROOT / "consentcore").glob("*/__init__.py")}
    assert set(linter["root_packages"]) == {"consentcore"} | plugins
    assert set(contracts["the core imports no plugin"]["forbidden_modules"]) == plugins
    assert set(contracts["no plugin imports another plugin"]["modules"]) == plugins
    protected = contracts["a plugin imports consentcore.api and nothing deeper"]["protected_modules"]
    assert set(protected) == {f"consentcore.{name}" for name in core - {"__init__", "api"}}


def test_domain_imports_nothing_but_the_standard_library():
    foreign = {
        f"{path.name}: {name}"
        for path in (ROOT / "consentcore" / "domain").glob("*.py")
        for name in imported_modules(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("consentcore.domain")
    }
    assert foreign == set()


def imported_modules(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module))
    return found
