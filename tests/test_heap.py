"""When Python looks for garbage."""

import gc
import weakref

from faust_app.heap import collect_cycles


class Node:
    """Something that can hold itself."""

    itself: "Node"


async def test_what_only_a_cycle_keeps_alive_is_freed_by_the_periodic_collection() -> None:
    gc.disable()
    try:
        node = Node()
        node.itself = node
        garbage = weakref.ref(node)
        del node
        assert garbage() is not None, "the cycle keeps it alive"
        await collect_cycles()
        assert garbage() is None
    finally:
        gc.enable()
