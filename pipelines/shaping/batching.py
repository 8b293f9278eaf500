"""One call for many items, and for ever fewer of them where the many fail."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Output = TypeVar("Output")


def divided(
    work: Callable[[Sequence[Item]], Sequence[Output]],
    items: Sequence[Item],
    splits_on: tuple[type[Exception], ...],
    relieve: Callable[[], None] = lambda: None,
) -> list[Output | Exception]:
    """What `work` gives for each item: of all at once, else of either half, and so on down to single items.

    An item that fails by itself is answered by its error; its mates are not touched by it. One bad item among n costs
    at most 2 log2(n) further calls.

    Args:
        work: Gives one output per item, in their order.
        items: Any number.
        splits_on: What is worth another try with fewer items. Other errors are not answered but raised.
        relieve: Called after each failure, when nothing of the failed call is alive any more: memory can be given back.
    """
    if not items:
        return []
    try:
        return list(work(items))
    except splits_on as error:
        failed: Exception = error.with_traceback(None)  # whose frames would keep alive all that the call had allocated
    relieve()
    if len(items) == 1:
        return [failed]
    middle = (len(items) + 1) // 2
    return [
        *divided(work, items[:middle], splits_on, relieve),
        *divided(work, items[middle:], splits_on, relieve),
    ]
