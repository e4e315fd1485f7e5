"""What is chosen on a page, as its address says it.

The address rules: a control shows what it says, and what is chosen there is written into it, as one
more view in the browser's history. Streamlit's own binding of widgets would do neither: it names
runs by their labels, which change with every seed, and leaves no view behind to go back to.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

T = TypeVar("T")
Address = dict[str, list[str]]
LATEST, MISSING = "_address", "_missing"
"""Of a visitor's session: the address as it was written last, and what it does not say yet."""


def begin() -> None:
    """Reads the address; before the first control of a page."""
    st.session_state[LATEST] = now()
    st.session_state[MISSING] = {}


def complete() -> None:
    """Writes what is shown, and may be another thing tomorrow, into an address that lacks it."""
    missing = st.session_state.get(MISSING)
    if missing:
        visit("?" + urlencode(now() | missing, doseq=True), new=False)


def visit(address: str, *, new: bool = True) -> None:
    """Goes to an address of the app: as a ``new`` view, or in place of the one that is left.

    Streamlit's ``st.query_params`` would make a view of every address that is completed, and
    ``st.switch_page`` one of what the pages on either side have in common.
    """
    way = "pushState" if new else "replaceState"
    script = f"history.{way}({{}}, '', {json.dumps(address)}); dispatchEvent(new Event('popstate'))"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def now() -> Address:
    """The address, name by name."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def put(**changes: Sequence[str]) -> None:
    """Changes the address; an empty value takes its name away.

    It is the latest address that is changed, for what the browser sends along with a click may
    have been overtaken by the click before.
    """
    address = st.session_state[LATEST] | {name: list(value) for name, value in changes.items()}
    st.session_state[LATEST] = {name: value for name, value in address.items() if value}
    st.query_params.from_dict(st.session_state[LATEST])


def one(
    widget: Callable[..., Any], label: str, options: Sequence[str], key: str, *,
    default: str = "", **more: Any,
) -> str:  # fmt: skip
    """One of ``options``, or the first; ``more`` as of ``control``."""
    default = default or options[0]
    asked = st.query_params.get_all(key)[-1:]
    known = [name for name in asked if name in options]
    value = known[0] if known else default
    tell(label, set(asked) - {*known}, [value], more.get("format_func", str))
    return control(widget, label, options, key=key, value=value, default=default, **more)


def several(
    widget: Callable[..., Any], label: str, options: Sequence[str], key: str, *,
    default: Iterable[str] = (), **more: Any,
) -> list[str]:  # fmt: skip
    """Any of ``options``, as many as its ``max_selections``; ``more`` as of ``control``."""
    default, given = list(default), st.query_params.get_all(key)
    asked = [name for name in given if name]
    known = [name for name in asked if name in options]
    value = known if known or (given and not asked) else default
    tell(label, set(asked) - {*known}, value, more.get("format_func", str))
    most = more.get("max_selections") or len(value)
    if len(value) > most:
        st.info(f"{label}: of the {len(value)} that the address names, the first {most} are shown.")
    return control(widget, label, options, key=key, value=value[:most], default=default, **more)


def free(
    widget: Callable[..., Any], label: str, key: str, *, default: T, read: Callable[[str], T],
    **more: Any,
) -> T:  # fmt: skip
    """A text, a number or a switch; ``read`` raises ``KeyError`` where it cannot be had."""
    value = default
    for asked in st.query_params.get_all(key)[-1:]:
        try:
            value = read(asked)
        except KeyError:
            tell(label, {asked}, [str(default)], str)
    return control(widget, label, key=key, value=value, default=default, **more)


def control(
    widget: Callable[..., Any], label: str, *given: Any, key: str, value: T, default: T,
    keep: bool = False, drop: Sequence[str] = (), **looks: Any,
) -> T:  # fmt: skip
    """Draws a widget that shows ``value`` and writes into the address as ``key`` what is chosen.

    The address does not say a ``default`` unless it is to ``keep`` it: whatever follows from which
    runs there are would be another thing after the next run. Another choice takes the names to
    ``drop`` out of the address, as they say something of the one before.
    """
    # Whoever is typing is not disturbed by being told what stands there.
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    if keep and key not in st.query_params:
        st.session_state[MISSING][key] = texts(value)
    chosen = partial(write, key, None if keep else default, drop)
    widget(label, *given, key=key, on_change=chosen, **looks)
    return value


def write(key: str, default: object, drop: Iterable[str]) -> None:
    """Writes what was chosen in the widget ``key``."""
    value = st.session_state[key]
    put(**{key: [] if value == default else texts(value)}, **dict.fromkeys(drop, ()))


def texts(value: object) -> list[str]:
    """A value as addresses have it; that nothing is chosen, as one empty text."""
    return ([str(one) for one in value] or [""]) if isinstance(value, list) else [str(value)]


def tell(
    label: str, unknown: Collection[str], shown: Sequence[str], named: Callable[[str], str]
) -> None:
    """Says that the address names something that there is not, and what is shown instead."""
    if unknown:
        instead = f"Shown: {', '.join(map(named, shown))}." if shown else "It is left out."
        st.info(
            f"{label}: the address names {', '.join(map(repr, sorted(unknown)))}, which this page "
            f"does not have. {instead}",
            icon=":material/link_off:",
        )
