"""Certificates: the outcome of touring a real kernel with a model beside it, and their files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from zonediff import corpus
from zonediff.engine.errors import ZonediffError
from zonediff.engine.words import kernel_name

SHIPPED: Final = Path(corpus.__file__).parent / "certificates"
"""The certificates that come with zonediff."""

SCHEMA: Final = 1
"""The version of the files."""


class CertificateError(ZonediffError):
    """A file holds no certificate; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """A transition in which the kernel differs: the fewest steps, the results and views of both."""

    steps: list[str]
    kernel: str
    model: str
    differences: list[tuple[str, str, str]] = field(default_factory=list)
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """The outcome of a tour, as its file holds it.

    kernel: the release and who built it. image, behaviour, arena_digest, sources: hashes of the
    image, of the model's behaviour on the arena, of the arena, and of the model's code.
    kernel_transitions, model_transitions: the numbers of those tried; all_model_transitions: of
    all.
    by_chance: transitions of the kernel that were EBUSY, refused, or did not come back each time
    they were tried; hung: of them, those that did not come back at least once.
    unreached: states that could not be reached again to try the steps left in them.
    """

    variant: str
    arena: str
    kernel: str
    image: str
    behaviour: str
    arena_digest: str
    sources: str
    qemu: str
    depth: int
    kernel_states: int
    kernel_transitions: int
    model_states: int
    model_transitions: int
    all_model_transitions: int
    by_chance: int
    unreached: int
    steps: int
    resets: int
    refuted: list[Refuted]
    hung: int = 0

    @property
    def release(self) -> str:
        """The kernel's release, and the distribution's patch level."""
        return kernel_name(self.kernel)

    @property
    def holds(self) -> bool:
        return not self.refuted and not self.unreached

    def __str__(self) -> str:
        agreed = self.kernel_transitions - len(self.refuted)
        left = f", {self.unreached} states not reached again" if self.unreached else ""
        hung = f", {self.hung} of them hung" if self.hung else ""
        depth = f"each after every {self.depth} last steps, " if self.depth else ""
        return (
            f"{agreed} of {self.kernel_transitions} transitions of the kernel agree, "
            f"{self.model_transitions} of {self.all_model_transitions} of the model were tried, "
            f"{depth}{len(self.refuted)} refuted, {self.by_chance} by chance{hung}{left}"
        )


class Standing(NamedTuple):
    """A certificate; current: the model and its machine are still those that were certified."""

    certificate: Certificate
    current: bool


def certificate_text(certificate: Certificate) -> str:
    """Return the content of a certificate's file."""
    return json.dumps({"schema": SCHEMA, **asdict(certificate)}, indent=2) + "\n"


def read_certificates(folder: Path) -> Iterator[Certificate]:
    """Yield the certificates of a folder, by the names of the files. Raises CertificateError."""
    for path in sorted(folder.glob("*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if body.pop("schema") != SCHEMA:
                raise CertificateError(f"{path}: not of schema {SCHEMA}: certify again")
            refuted = [
                Refuted(**{**item, "differences": [tuple(d) for d in item["differences"]]})
                for item in body.pop("refuted")
            ]
            yield Certificate(**body, refuted=refuted)
        except OSError as error:
            raise CertificateError(f"{path}: {error.strerror}") from error
        except json.JSONDecodeError as error:
            raise CertificateError(f"{path}:{error.lineno}:{error.colno}: {error.msg}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CertificateError(f"{path}: no certificate: {error}") from error
