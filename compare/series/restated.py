"""Find the kernel functions that the models restate: all together, and each variant by itself."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import CodeType
from typing import Any, Final

from zonediff.engine.policy import Policy
from zonediff.engine.rules import Rule

MECHANISM: Final = frozenset(
    {
        *("acpi_memory_device_add", "acpi_memory_device_remove", "acpi_memory_remove_memory"),
        *("__add_section", "__add_zone", "__remove_section", "__remove_zone"),
        *("grow_zone_span", "grow_pgdat_span", "shrink_zone_span", "shrink_pgdat_span"),
        *("move_pfn_range_left", "move_pfn_range_right", "resize_zone"),
        *("memory_block_action", "memory_block_change_state", "memory_subsys_offline"),
        *("online_pages", "__online_page_free", "online_pages_range"),
        *("node_states_check_changes_online", "node_states_set_node"),
        *("node_states_check_changes_offline", "node_states_clear_node"),
        *("online_store", "online_show", "show_mem_state", "show_mem_removable"),
        *("show_valid_zones", "register_new_memory", "unregister_memory_section"),
    }
)
"""Functions of v4.10 that the engine restates and no rule names, since they decide nothing."""

_PACKAGES: Final = ("zonediff.engine", "zonediff.variants")


def known() -> frozenset[str]:
    """The kernel functions that the engine or any rule restates, or any variant's stage names."""
    functions = set(MECHANISM)
    for package in _PACKAGES:
        for item in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            # The packages below are about running kernels, and restate none.
            if not item.ispkg:
                functions |= set(_functions(vars(import_module(item.name)).values()))
    return frozenset(functions)


def _functions(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, Rule):
            yield value.function
        elif inspect.isclass(value) and issubclass(value, Policy):
            for stage in value.stages:
                yield from stage.functions


def overridden(policy: type[Policy], below: type[Policy]) -> frozenset[str]:
    """The kernel functions that a variant restates differently from the class below.

    The rules that its own methods apply show them. Attributes apply no rules; `stages` declares
    their functions.
    """
    classes = [cls for cls in policy.__mro__ if cls not in below.__mro__]
    methods = [method for cls in classes for method in vars(cls).values()]
    return frozenset(rule.function for rule in _rules(filter(inspect.isfunction, methods)))


def _rules(functions: Iterator[Callable[..., Any]]) -> Iterator[Rule]:
    """The rules that functions apply, themselves or through others of their module."""
    todo, visited = list(functions), set()
    while todo:
        function = todo.pop()
        if function in visited:
            continue
        visited.add(function)
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, Rule):
                yield value
            elif inspect.isfunction(value) and value.__module__ == function.__module__:
                todo.append(value)


def _names(code: CodeType) -> Iterator[str]:
    """The global names that code uses, also in functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
