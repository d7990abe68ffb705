"""What the distribution of a plugin says that it needs, held against what is installed."""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement


def unmet_requirements(distribution: str) -> list[str]:
    """What a distribution needs and does not find here, one sentence each; extras are not asked for.

    :param distribution: its name; of one that is not installed nothing is known.
    """
    try:
        declared = metadata.distribution(distribution).requires or []
    except (metadata.PackageNotFoundError, ValueError):
        return []
    return [problem for text in declared if (problem := _problem(text))]


def _problem(text: str) -> str:
    try:
        needed = Requirement(text)
    except InvalidRequirement:
        return f"its distribution needs {text!r}, which cannot be read as a requirement"
    if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
        return ""
    what = f"its distribution needs {needed.name}{needed.specifier}"
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return f"{what}, which is not installed"
    if needed.specifier.contains(version, prereleases=True):
        return ""
    return f"{what}, installed is {version}"
