"""Finds the packages; all that is not computed is in pyproject.toml.

The top-level folders are the subpackages of `zonediff`, and a package added inside one of them
needs no entry in any list.
"""

from setuptools import find_packages, setup

FOLDERS = (
    "engine",
    "variants",
    "corpus",
    "result",
    "work",
    "explore",
    "live",
    "compare",
    "reports",
    "cli",
)

setup(
    package_dir={"zonediff": "zonediff", **{f"zonediff.{folder}": folder for folder in FOLDERS}},
    packages=[
        "zonediff",
        *(f"zonediff.{name}" for name in find_packages(include=[f"{f}*" for f in FOLDERS])),
    ],
)
