"""Modes that reach too far, or not far enough: no recording, anomalies, the warnings of NumPy."""

import asyncio
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from exhibit import (
    Exhibit,
    Room,
    Tour,
)
from points import A, leaf

import minivae as mv
from minivae.engine.tape import recording, watched

ROOM = Room()


class TestModes(Tour):
    room = ROOM


@ROOM.exhibit
def a_switch_for_the_whole_process():
    """DeZero and MyGrad switch recording off by a global flag.

    Within one thread it is restored as it should be. Another thread stops recording, too, and of
    two interleaved tasks the one that ends last restores what the other had set: off, for good.
    ml-by-hand has a context variable, and tests. (Threads in HIPS autograd: #659, open.)
    """
    flag = [True]

    @contextmanager
    def no_grad():
        before, flag[0] = flag[0], False
        try:
            yield
        finally:
            flag[0] = before

    def in_one_thread(switch):
        off, recording = switch
        with off():
            assert not recording()
        assert recording()

    def in_threads_and_tasks(switch):
        off, recording = switch
        seen = []
        with off():
            thread = threading.Thread(target=lambda: seen.append(recording()))
            thread.start()
            thread.join()
        assert seen == [True], "another thread does not record"

    def in_tasks(switch):
        off, recording = switch

        async def task(entered, leave, left):
            with off():
                entered.set()
                await leave.wait()
            left.set()

        async def both():
            one, other = ([asyncio.Event() for _ in range(3)] for _ in range(2))
            tasks = [asyncio.create_task(task(*one))]
            await one[0].wait()
            tasks.append(asyncio.create_task(task(*other)))
            await other[0].wait()
            for events in (one, other):
                events[1].set()
                await events[2].wait()
            await asyncio.gather(*tasks)
            assert recording(), "recording is off after all tasks have ended"

        asyncio.run(both())

    def everywhere(switch):
        in_tasks(switch)
        in_threads_and_tasks(switch)

    return Exhibit(
        wrong=(no_grad, lambda: flag[0]),
        weak=in_one_thread,
        strong=everywhere,
        caught="recording is off after all tasks have ended",
        right=(mv.no_grad, recording),
    )


@contextmanager
def look_at_gradients_alone():
    """An anomaly mode that sees nothing before the reverse walk."""

    def look(event, run):
        z = run()
        if event.cotangent is not None and not np.isfinite(np.asarray(z)).all():
            raise mv.AnomalyError(f"the adjoint of {event.op.__name__} is not finite")
        return z

    with watched(look), np.errstate(all="ignore"):
        yield


def finds_an_infinite_slope(mode):
    with pytest.raises(mv.AnomalyError, match="adjoint of log"), mode():
        mv.log(leaf(1e-310)).sum().backward()


@ROOM.exhibit
def an_anomaly_that_was_found_too_late():
    """pytorch/pytorch#160016: ``detect_anomaly`` looks at gradients and points at a wrong line.

    log(-1) is NaN, but its slope 1 / x is not; the first *gradient* that is NaN is that of the
    square root behind it, and that is what is named. If the NaN arises where the mode expects it,
    in a gradient, all is well.
    """

    def at_its_source(mode):
        def run():
            x = leaf(2.0, -1.0)
            with mode():
                y = mv.log(x)  # the line to be named
                mv.sqrt(y).sum().backward()

        with pytest.raises(mv.AnomalyError) as caught:
            run()
        told = str(caught.value)
        assert told.startswith("log made the first value that is not finite"), told
        assert __file__ in told
        assert "y = mv.log(x)  # the line to be named" in told

    return Exhibit(
        wrong=look_at_gradients_alone,
        weak=finds_an_infinite_slope,
        strong=at_its_source,
        caught="the adjoint of sqrt is not finite",
        right=mv.detect_anomaly,
    )


@ROOM.exhibit
def a_loss_that_was_no_number():
    """pytorch/pytorch#160016: the mode lets a loss pass that is NaN, if all gradients are finite.

    A constant that is NaN (a normaliser, a mask) is added to the loss, and its slope is 1.
    """

    def in_the_loss(mode):
        x = leaf(2.0)
        with mode():
            loss = (x * x).sum() + mv.log(mv.tensor(-1.0))
            loss.backward()
        raise AssertionError(f"nothing was said about a loss of {loss.item()}")

    def is_caught(mode):
        try:
            in_the_loss(mode)
        except mv.AnomalyError as error:
            assert "log made the first value" in str(error)  # noqa: PT017

    return Exhibit(
        wrong=look_at_gradients_alone,
        weak=finds_an_infinite_slope,
        strong=is_caught,
        caught="nothing was said about a loss of nan",
        right=mv.detect_anomaly,
    )


@ROOM.exhibit
def a_tensor_that_silenced_numpy():
    """pygrad calls ``np.seterr(all='ignore')`` whenever a tensor is made.

    From then on the user's own code divides by zero in silence, too. The results are the same.
    """

    def make(values):
        np.seterr(all="ignore")
        return mv.tensor(values)

    def makes_tensors(make):
        with np.errstate():
            np.testing.assert_array_equal(make(A).data, A)

    def leaves_numpy_alone(make):
        with np.errstate(all="warn"):
            before = np.geterr()
            make(A)
            assert np.geterr() == before, "NumPy's warnings are off"

    return Exhibit(
        wrong=make,
        weak=makes_tensors,
        strong=leaves_numpy_alone,
        caught="NumPy's warnings are off",
        right=mv.tensor,
    )
