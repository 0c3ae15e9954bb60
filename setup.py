"""Finds the packages; all that is not computed is in pyproject.toml.

The top-level folders are the subpackages of `zonediff`, and a package added inside one of them
needs no entry in any list.
"""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build import build

FOLDERS = (
    "engine",
    "variants",
    "corpus",
    "result",
    "work",
    "explore",
    "live",
    "compare",
    "review",
    "reports",
    "cli",
)


class FreshBuild(build):
    """Builds without the files that an earlier build left in this folder.

    setuptools would pack them too: modules, scenarios and claims that are renamed or deleted.
    """

    def run(self) -> None:
        """Remove what an earlier build left, then build."""
        shutil.rmtree(Path(self.build_lib) / "zonediff", ignore_errors=True)
        super().run()


setup(
    cmdclass={"build": FreshBuild},
    package_dir={"zonediff": "zonediff", **{f"zonediff.{folder}": folder for folder in FOLDERS}},
    packages=[
        "zonediff",
        *(f"zonediff.{name}" for name in find_packages(include=[f"{f}*" for f in FOLDERS])),
    ],
)
