"""Guests that begin where another one of their kind was when it had booted.

A kernel is booted once with its memory in files that only this process holds, and saved when its
agent answers. Every guest after it maps that memory copy-on-write and takes up the saved state: a
tenth of the time of a boot, and a QEMU of its own, so that nothing of an earlier guest is left.

Such guests begin with their pages in the same places. What is chance on a real kernel repeats in
them; whoever needs another chance boots anew (`fresh`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from zonediff.engine.kernel import KernelDied
from zonediff.engine.trace import Reason
from zonediff.engine.units import GIB
from zonediff.live.accelerator import accelerator
from zonediff.live.guest import LiveGuest, restored, starting
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.handover import hand_over
from zonediff.live.host import memory_available
from zonediff.live.qemu_arguments import Backing, backends

_MOST: Final = 32
"""So many templates are kept at most."""

_SPARED: Final = 2 * GIB
"""Templates are given up when less memory than this is free on this computer."""


class DiedBooting(KernelDied):
    """The kernel died before its agent answered; reasons: what it printed."""

    def __init__(self, death: KernelDied, reasons: tuple[Reason, ...]) -> None:
        super().__init__(death.how)
        self.reasons = reasons


class Template:
    """A saved guest: its memory and state in files, and what its agent had answered.

    The files belong to it from now on.
    """

    def __init__(self, files: dict[str, int], boot_files: tuple[int, int], state: int) -> None:
        self.backing = Backing(files, boot_files=boot_files)
        self._state = state
        self.saved: LiveGuest | None = None

    @property
    def state(self) -> str:
        """The path of the file of the state."""
        return f"/proc/{os.getpid()}/fd/{self._state}"

    @asynccontextmanager
    async def guest(self, spec: GuestSpec) -> AsyncIterator[LiveGuest]:
        """A guest that goes on from here. Raises virtual_machine.QemuFailed."""
        assert self.saved is not None
        state = os.open(self.state, os.O_RDONLY)  # each with a position of its own in the file
        try:
            backing = replace(self.backing, private=True, state=state)
            async with restored(spec, backing, state, self.saved) as guest:
                yield guest
        finally:
            os.close(state)

    def close(self) -> None:
        """Give its memory back; guests that go on from it keep what they have."""
        for file in (self._state, *self.backing.files.values(), *(self.backing.boot_files or ())):
            os.close(file)


_templates: dict[object, Template] = {}
"""By what the guests are made of; the one used last at the end."""

_making: dict[object, asyncio.Lock] = {}


@asynccontextmanager
async def booted(spec: GuestSpec, *, fresh: bool = False) -> AsyncIterator[LiveGuest]:
    """A guest whose agent answers; fresh: of a boot of its own.

    Raises DiedBooting, and virtual_machine.QemuFailed.
    """
    if fresh:
        async with starting(spec) as guest:
            await _ready(guest, spec)
            yield guest
        return
    template = await _template(spec)
    async with template.guest(spec) as guest:
        yield guest


async def _template(spec: GuestSpec) -> Template:
    wanted = _key(spec)
    lock = _making.setdefault(wanted, asyncio.Lock())
    async with lock:
        if _key(spec) not in _templates:
            _make_room()
            template = await _made(spec)
            _templates[_key(spec)] = template  # its boot may have given KVM up
    _making.pop(wanted, None)
    key = _key(spec)
    _templates[key] = template = _templates.pop(key)
    return template


def _key(spec: GuestSpec) -> object:
    """Return what guests must have in common to go on from one template."""
    made_of = (spec.made_of, spec.machine, spec.window, spec.parameters, spec.watched)
    return (*made_of, accelerator())


async def _made(spec: GuestSpec) -> Template:
    """Boot a machine and save it. Raises DiedBooting, virtual_machine.QemuFailed."""
    template = _empty(spec)
    try:
        async with starting(spec, template.backing) as guest:
            await _ready(guest, spec)
            await guest.save(template.state)
            template.saved = guest
    except BaseException:
        template.close()
        raise
    return template


def _empty(spec: GuestSpec) -> Template:
    """Make the files of a template. Raises VariantError when the image has changed."""
    kernel = _file("kernel", spec.image.read())
    initrd = _file("initramfs", spec.initramfs)
    files = {name: os.memfd_create(name) for name in backends(spec.machine)}
    for name, size in backends(spec.machine).items():
        os.ftruncate(files[name], size)
    return Template(files, (kernel, initrd), os.memfd_create("state"))


def _file(name: str, content: bytes) -> int:
    file = os.memfd_create(name)
    with os.fdopen(file, "wb", closefd=False) as stream:
        stream.write(content)
    return file


async def _ready(guest: LiveGuest, spec: GuestSpec) -> None:
    try:
        await guest.ready()
        for path in spec.paths:
            await guest.watch(path)
        await hand_over(guest, spec)
    except KernelDied as death:
        raise DiedBooting(death, guest.console.reasons()) from None


def _make_room() -> None:
    """Give up those that were not used for the longest time."""
    while _templates and (len(_templates) >= _MOST or memory_available() < _SPARED):
        _templates.pop(next(iter(_templates))).close()
