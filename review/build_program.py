"""The program that runs in the sandbox and builds a kernel with tuxmake.

It is given to Python as a file and imports nothing of ours. Arguments: a JSON object with the
folders `tree`, `build` and `output`, the file `options`, `jobs` and the compiler's `wrapper`.
Exit codes: 0 the kernel is built, 1 it is not, 2 tuxmake refuses to begin.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

MERGE: Final = "scripts/kconfig/merge_config.sh"


def main() -> int:
    """Build as the argument says."""
    request = json.loads(sys.argv[1])
    sys.path.append(request["packages"])
    from tuxmake.build import Build
    from tuxmake.exceptions import TuxMakeException

    class BuildBesideSources(Build):  # type: ignore[misc]  # tuxmake has no types
        """A build whose sources are read only; merge_config.sh writes to the current folder."""

        def run_cmd(self, command: list[str], *arguments: Any, **named: Any) -> Any:
            if command[:1] == [MERGE]:
                enter = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", request["build"]]
                command = [*enter, f"{request['tree']}/{MERGE}", *command[1:]]
            return super().run_cmd(command, *arguments, **named)

    try:
        build = BuildBesideSources(
            tree=request["tree"],
            output_dir=request["output"],
            build_dir=request["build"],
            kconfig="tinyconfig",
            kconfig_add=[request["options"]],
            targets=["config", "kernel"],
            wrapper=request["wrapper"],
            # The same for every build, so that equal sources make equal images.
            environment={"KBUILD_BUILD_TIMESTAMP": "@0", "KBUILD_BUILD_VERSION": "1"},
            jobs=request["jobs"],
            fail_fast=True,
            verbose=True,
        )
        build.run()
    except TuxMakeException as error:
        print(f"tuxmake: {error}")
        return 2
    return 1 if build.failed or build.interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
