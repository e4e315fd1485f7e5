"""What is chosen on a page, as its address says it.

The address rules: a control shows what it says, and what is chosen there is written into it, as one
more view in the browser's history. Streamlit's own binding of widgets would do neither: it names
runs by their labels, which change with every seed, and leaves no view behind to go back to.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import streamlit as st

T = TypeVar("T")
Address = dict[str, list[str]]
STANDING = "_address"
"""Of a visitor's session: what the page shows, as an address; see ``Standing``."""


class Standing(NamedTuple):
    """An address, part of which the browser's own script wrote into it."""

    page: str
    sent: Address
    """What the browser says, which knows nothing of what was added."""
    whole: Address


def begin(page: str) -> None:
    """Reads the address of a page, before its first control."""
    sent = {name: st.query_params.get_all(name) for name in st.query_params}
    before = st.session_state.get(STANDING)
    same = before is not None and (before.page, before.sent) == (page, sent)
    st.session_state[STANDING] = before if same else Standing(page, sent, dict(sent))


def asked(name: str) -> list[str]:
    """What the address says under a name."""
    whole: Address = st.session_state[STANDING].whole
    return whole.get(name, [])


def complete() -> None:
    """Has the address say all that is shown; after the last control.

    In place: what Streamlit writes is a view of its own in the history, and none is left here.
    """
    standing = st.session_state[STANDING]
    if standing.whole != standing.sent:
        run("history.replaceState({}, '', {address})", "?" + urlencode(standing.whole, doseq=True))


def visit(address: str) -> None:
    """Goes to an address of the app, as a click on a link would.

    ``st.switch_page`` would do it in two views: the other page, and then its address.
    """
    run("history.pushState({}, '', {address}); dispatchEvent(new Event('popstate'))", address)


def run(script: str, address: str) -> None:
    """Runs a script of the browser, in which ``{address}`` stands for an address."""
    script = script.replace("{address}", json.dumps(address))
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def put(**changes: Sequence[str]) -> None:
    """Changes the address; an empty value takes its name away.

    It is the latest address that is changed, for what the browser sends along with a click may
    have been overtaken by the click before.
    """
    standing = st.session_state[STANDING]
    whole = standing.whole | {name: list(value) for name, value in changes.items()}
    whole = {name: value for name, value in whole.items() if value}
    st.query_params.from_dict(whole)
    st.session_state[STANDING] = Standing(standing.page, whole, dict(whole))


def one(
    widget: Callable[..., Any], label: str, options: Sequence[str], key: str, *,
    default: str = "", **more: Any,
) -> str:  # fmt: skip
    """One of ``options``, or the first; ``more`` as of ``control``."""
    default = default or options[0]
    given = asked(key)[-1:]
    known = [name for name in given if name in options]
    value = known[0] if known else default
    tell(label, set(given) - {*known}, [value], more.get("format_func", str))
    return control(widget, label, options, key=key, value=value, default=default, **more)


def several(
    widget: Callable[..., Any], label: str, options: Sequence[str], key: str, *,
    default: Iterable[str] = (), **more: Any,
) -> list[str]:  # fmt: skip
    """Any of ``options``, as many as its ``max_selections``; ``more`` as of ``control``."""
    default, given = list(default), asked(key)
    names = [name for name in given if name]
    known = [name for name in names if name in options]
    value = known if known or (given and not names) else default
    tell(label, set(names) - {*known}, value, more.get("format_func", str))
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
    for text in asked(key)[-1:]:
        try:
            value = read(text)
        except KeyError:
            tell(label, {text}, [str(default)], str)
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
    if keep and not asked(key):
        st.session_state[STANDING].whole[key] = texts(value)
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
