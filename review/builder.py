"""Build the kernels of a series, each from the objects of the one before.

Only what `make` finds changed is compiled: sources get a new time only when their content differs
from the content that was built last in the same folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.engine.units import GIB, MIB
from zonediff.live.image import Image, read_image
from zonediff.result.writing import write_files, write_text
from zonediff.review import tuxmake_command
from zonediff.review.build_cache import BuildCache, remove, touch
from zonediff.review.build_log import last_error
from zonediff.review.configuration import Configuration
from zonediff.review.errors import ReviewError
from zonediff.review.patching import remove_file, write_file
from zonediff.review.same_code import code_digest
from zonediff.review.sandbox import Sandbox
from zonediff.review.sources import Changes, SourceFile, Tree
from zonediff.review.watched import Bounds, watch
from zonediff.variants.registry import VariantError

Progress = Callable[[int, int], None]
"""Called with the number of files compiled, and of those to compile."""

_COLD_FILES: Final = 1250
"""About how many files a build from nothing compiles, with our fragments."""

_COMPILED: Final = re.compile(r"  (?:HOST)?(?:CC|AS|LD)(?: \[[A-Z]\])? +\S")

_IMAGE: Final = "arch/x86/boot/bzImage"
_IMAGE_BYTES: Final = 512 * MIB
_VMLINUX_BYTES: Final = 4 * GIB
_CONFIG_BYTES: Final = 4 * MIB

_STATE: Final = "sources.json"
_KCONFIG: Final = re.compile(r"(?:.*/)?Kconfig[^/]*")


class Built(NamedTuple):
    """The outcome of building a stage. problem: why there is no image. log: what the build printed.

    code: a hash of its machine code, empty if unknown. lacking: options that the tree lacks.
    """

    image: Image | None
    problem: str
    log: Path
    code: str = ""
    lacking: tuple[str, ...] = ()


@dataclass(slots=True)
class Builder:
    """Builds kernels of one tree with one configuration; use open_builder().

    line: a name for the series, whose builds share a folder: nobody else's objects are used for
    them, and theirs for nobody else.
    """

    tree: Tree
    configuration: Configuration
    sandbox: Sandbox
    cache: BuildCache
    line: str
    jobs: int
    bounds: Bounds = field(default_factory=Bounds)
    compiler: str = ""
    _source: Path | None = None
    _present: Changes = field(default_factory=dict)

    def build(self, changes: Changes, progress: Progress = lambda done, total: None) -> Built:
        """Return the kernel of the tree with these changes, from the cache if it is there.

        Raises ReviewError when the build cannot even begin.
        """
        kept = self.cache.images / self._key(changes)
        built = _read_built(kept)
        if built is None or built.image is None:
            self._build(changes, kept, progress)
            built = _read_built(kept)
        touch(kept)
        assert built is not None
        return built

    # --- keys -------------------------------------------------------------------------------------

    def _key(self, changes: Changes) -> str:
        digests = [f"{path} {_digest(changes[path])}" for path in sorted(changes)]
        return _hash(self._folder_key(), *digests)

    def _folder_key(self) -> str:
        paths = "own" if self.sandbox.own_paths else str(self.cache.folder)
        return _hash(self.tree.identity, self.configuration.digest, self.compiler, paths)

    # --- a build ----------------------------------------------------------------------------------

    def _build(self, changes: Changes, kept: Path, progress: Progress) -> None:
        """Build a kernel and put it into the cache, or its log and last error."""
        folder = self._build_folder(changes)
        source = self._sources()
        stale = self._prepare(source, folder, changes)
        remove(kept)
        kept.mkdir(parents=True)
        log = kept / "build.log"
        command = tuxmake_command.command(
            tuxmake_command.Folders(source, folder, self._ccache(changes), self.cache.scratch),
            sandbox=self.sandbox,
            options=self.configuration.lines,
            jobs=self.jobs,
            bounds=self.bounds,
        )
        count = _Counter(stale, progress).take
        try:
            ended = watch(command, self.bounds, log, disk=folder, on_line=count)
        except BaseException:
            remove(kept)
            raise
        if ended.stopped is not None:
            problem = f"the build was stopped: {ended.stopped}"
        elif ended.code != 0:
            problem = last_error(log, tuxmake_command.SOURCE if self.sandbox.own_paths else source)
        else:
            problem = self._keep(folder, kept)
        if problem:
            write_text(kept / "problem", problem)

    def _build_folder(self, changes: Changes) -> Path:
        """Return the build folder of the line, a copy of that of the base if it is new."""
        parent = self.cache.builds / self._folder_key()
        base = parent / "base"
        shared = not changes or not self.sandbox.own_paths
        folder = base if shared else parent / self.line
        if not folder.is_dir() and not shared and base.is_dir():
            _copy(base, folder)
        folder.mkdir(parents=True, exist_ok=True)
        touch(parent)
        return folder

    def _ccache(self, changes: Changes) -> tuple[Path, bool] | None:
        """Return ccache's folder, and whether this build uses it.

        Only the tree's own does: others must not write to it, and hardly ever find their files in
        it, as `make` compiles only files whose text differs.
        """
        if shutil.which("ccache", path=tuxmake_command.PATH) is None:
            return None
        self.cache.ccache.mkdir(parents=True, exist_ok=True)
        return self.cache.ccache, not changes or not self.sandbox.own_paths

    def _sources(self) -> Path:
        """Return the folder of sources to build, filled from the tree at its first use."""
        if self._source is None:
            source = self.cache.scratch / "source"
            remove(self.cache.scratch)
            source.mkdir(parents=True)
            # Without a sandbox, a build could write through hard links to the user's tree.
            self.tree.fill(source, shared=self.sandbox.own_paths)
            self._source = source
        return self._source

    def _prepare(self, source: Path, folder: Path, changes: Changes) -> int:
        """Give the sources these changes; return about how many files a build compiles again."""
        before = _read_state(folder)
        paths = sorted({*self._present, *changes, *before})
        state: dict[str, tuple[str, int]] = {}
        stale = set()
        now = time.time_ns()
        for path in paths:
            file = changes[path] if path in changes else self.tree.read(path)
            digest = _digest(file)
            if path in before:
                known, built = before[path]
            else:
                known, built = _digest(self.tree.read(path)), self.tree.time_of(path)
            moment = built if digest == known else now
            if digest != known:
                stale.add(path)
            remove_file(source, path)
            if file is not None:
                write_file(source, path, file)
                os.utime(source / path, ns=(moment, moment), follow_symlinks=False)
            if path in changes or path in before:
                state[path] = digest, moment
        self._present = changes
        if any(_KCONFIG.fullmatch(path) for path in stale):
            (folder / ".config").unlink(missing_ok=True)
        _forget_unfinished(folder)
        cold = not (folder / "vmlinux").exists()
        write_text(folder / _STATE, json.dumps(state, indent=0))
        return _COLD_FILES if cold else _count_stale(folder, stale)

    def _keep(self, folder: Path, kept: Path) -> str:
        """Put the image of a build into the cache; return why that fails, empty if it does not."""
        try:
            image = _artefact(folder, _IMAGE, _IMAGE_BYTES)
            config = _artefact(folder, ".config", _CONFIG_BYTES)
            vmlinux = _artefact(folder, "vmlinux", _VMLINUX_BYTES)
        except (OSError, ValueError) as error:
            return f"the build left no kernel: {error}"
        text = config.read_text(encoding="utf-8", errors="replace")
        lacking = self.configuration.lacking(text)
        about = {"code": code_digest(vmlinux), "lacking": lacking}
        write_files(
            {
                kept / "bzImage": image.read_bytes(),
                kept / "config": text,
                kept / "built.json": json.dumps(about),
            }
        )
        try:
            read_image(kept / "bzImage")
        except VariantError as error:
            return f"the build left no kernel that boots: {error}"
        return ""


class _Counter:
    """Counts the files that a build has compiled, by the lines that `make` prints."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def take(self, line: str) -> None:
        if _COMPILED.match(line):
            self._done += 1
            self._progress(self._done, max(self._done, self._total))


@contextmanager
def open_builder(
    tree: Tree,
    configuration: Configuration,
    *,
    sandbox: Sandbox,
    cache: BuildCache,
    line: str,
    jobs: int | None = None,
    waits: Callable[[], None] = lambda: None,
) -> Iterator[Builder]:
    """Lock the cache and give a builder; remove its scratch sources afterwards.

    jobs: compilers at once, by default as many as there are cores. Raises ReviewError, with an
    installation command, when a program that builds need is missing.
    """
    compiler = tuxmake_command.compiler()
    with cache.locked(waits):
        cache.make_room()
        try:
            yield Builder(
                tree=tree,
                configuration=configuration,
                sandbox=sandbox,
                cache=cache,
                line=line,
                jobs=jobs or os.cpu_count() or 1,
                compiler=compiler,
            )
        finally:
            remove(cache.scratch)


def _copy(base: Path, folder: Path) -> None:
    """Copy a build folder with the times of its files. Raises ReviewError."""
    copy = folder.with_name(f"{folder.name}.new")
    remove(copy)
    try:
        done = subprocess.run(
            ["cp", "-a", "--reflink=auto", "--", base, copy],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ReviewError(f"{base}: cannot be copied: {done.stderr.strip()[-200:]}")
        copy.rename(folder)
    finally:
        remove(copy)


def _read_built(kept: Path) -> Built | None:
    """Return a stage that is in the cache; None for one that was not built to its end."""
    log = kept / "build.log"
    with suppress(OSError, ValueError, KeyError, VariantError):
        if (kept / "problem").is_file():
            return Built(None, (kept / "problem").read_text(encoding="utf-8"), log)
        about = json.loads((kept / "built.json").read_text(encoding="utf-8"))
        image = read_image(kept / "bzImage")
        return Built(image, "", log, str(about["code"]), tuple(map(str, about["lacking"])))
    return None


def _read_state(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and time of each file that was changed for the builds in a folder."""
    with suppress(OSError, ValueError, TypeError):
        content: Mapping[str, tuple[str, int]] = json.loads(
            (folder / _STATE).read_text(encoding="utf-8")
        )
        return {path: (digest, int(moment)) for path, (digest, moment) in content.items()}
    return {}


def _forget_unfinished(folder: Path) -> None:
    """Have files made again that were being written when a build was killed.

    Kbuild writes `.NAME.cmd` when NAME is complete (scripts/Kbuild.include, if_changed).
    """
    for above, _, files in os.walk(folder):
        for name in files:
            if name.startswith(".") and name.endswith(".cmd"):
                target = Path(above, name[1:].removesuffix(".cmd"))
                with suppress(OSError):
                    if target.stat().st_mtime_ns > Path(above, name).stat().st_mtime_ns:
                        Path(above, name).unlink()


def _count_stale(folder: Path, stale: set[str]) -> int:
    """Return how many objects of a folder depend on sources, by what fixdep wrote beside them."""
    if not stale:
        return 0
    names = re.compile(b"|".join(re.escape(os.fsencode(f"/{path}")) + rb"\b" for path in stale))
    count = 0
    for above, _, files in os.walk(folder):
        for name in files:
            if name.endswith(".o.cmd"):
                with suppress(OSError):
                    count += names.search(Path(above, name).read_bytes()) is not None
    return count


def _artefact(folder: Path, name: str, limit: int) -> Path:
    """Return a regular file that a build made. Raises OSError and ValueError.

    The build may have put a symbolic link to any file of this computer in its place.
    """
    root = Path(os.path.realpath(folder))
    path = root / name
    if os.path.realpath(path) != str(path):
        raise ValueError(f"{name} is a symbolic link")
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError(f"{name} is no file")
    if about.st_size > limit:
        raise ValueError(f"{name} is larger than {limit // MIB} MiB")
    return path


def _digest(file: SourceFile | None) -> str:
    if file is None:
        return "none"
    kind = b"link" if file.link else b"program" if file.executable else b"file"
    return hashlib.sha256(kind + b"\0" + file.content).hexdigest()


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:20]
