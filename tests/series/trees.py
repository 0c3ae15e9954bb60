"""Small git repositories with patches to something like the kernel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

HOTPLUG = """\
static int setup_memhp_default_state(char *str)
{
	return 1;
}

int add_memory(int nid)
{
	int ret;

	ret = add_memory_resource(nid, memhp_auto_online);
	return ret;
}

int unrelated(void)
{
	return 0;
}
"""

BALLOON = """\
static void hv_mem_hot_add(unsigned long start)
{
	add_memory(start, memhp_auto_online);
}
"""

MEMORY = """\
static ssize_t
show_auto_online_blocks(struct device *dev)
{
	return 0;
}

static ssize_t
store_auto_online_blocks(struct device *dev)
{
	return 0;
}
"""


class Tree:
    """A repository on disk; commits have fixed authors and dates."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.env: dict[str, str] = {}
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "A Developer")
        self.git("config", "user.email", "dev@example.org")

    def git(self, *args: object) -> str:
        done = subprocess.run(
            ["git", *map(str, args)],
            cwd=self.path,
            capture_output=True,
            check=True,
            env={**os.environ, **self.env},
        )
        return done.stdout.decode("latin-1").strip()

    def write(self, name: str, content: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, subject: str, files: dict[str, str | bytes] | None = None) -> str:
        for name, content in (files or {}).items():
            self.write(name, content)
        self.git("add", "-A")
        date = "2017-03-06T12:00:00+0100"
        self.git("commit", "-q", "--allow-empty", "--date", date, "-m", subject)
        return self.git("rev-parse", "HEAD")


def add_series(tree: Tree) -> None:
    """The tag `base` and a three-patch series on it, shaped like michal-split."""
    tree.commit(
        "Base",
        {
            "mm/memory_hotplug.c": HOTPLUG,
            "drivers/hv/hv_balloon.c": BALLOON,
            "drivers/base/memory.c": MEMORY,
        },
    )
    tree.git("tag", "base")
    tree.commit(
        "hv: online what is added",
        {"drivers/hv/hv_balloon.c": BALLOON.replace("memhp_auto_online", "true")},
    )
    tree.commit(
        "mm: drop memhp_default_state", {"mm/memory_hotplug.c": HOTPLUG[HOTPLUG.index("int add") :]}
    )
    tree.commit("mm: drop auto_online_blocks", {"drivers/base/memory.c": "/* empty */\n"})
