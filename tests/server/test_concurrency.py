"""Who wants much at once waits behind themselves."""

import asyncio

from app.server.concurrency import FairTurns


async def test_a_key_has_so_many_turns_at_once_in_order_of_asking():
    turns, going, order, most = FairTurns(2), 0, list[int](), 0

    async def work(number: int) -> None:
        nonlocal going, most
        async with turns.turn("ana"):
            going += 1
            most = max(most, going)
            order.append(number)
            await asyncio.sleep(0)
            going -= 1

    await asyncio.gather(*map(work, range(20)))
    assert most == 2
    assert order == list(range(20))


async def test_another_key_waits_for_nobody():
    turns, done = FairTurns(1), asyncio.Event()

    async def hold() -> None:
        async with turns.turn("ana"):
            await done.wait()

    holding = [asyncio.create_task(hold()) for _ in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5), turns.turn("bruno"):
        done.set()
    await asyncio.gather(*holding)


async def test_a_turn_that_is_given_up_goes_to_the_next():
    turns, done = FairTurns(1), asyncio.Event()

    async def hold() -> None:
        async with turns.turn("ana"):
            await done.wait()

    first, second, third = (asyncio.create_task(hold()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    done.set()
    async with asyncio.timeout(5):
        await third
