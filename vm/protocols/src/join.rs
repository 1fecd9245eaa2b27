//! Futures side by side. The order in which they are polled is the order of their pieces in a frame, so it is part of the protocol: always as
//! written, at every party. No waker is used: the executor polls everything once a tick.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Runs two futures side by side.
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut ra, mut rb) = (None, None);
    poll_fn(|cx| {
        if ra.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(cx)
        {
            ra = Some(value);
        }
        if rb.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(cx)
        {
            rb = Some(value);
        }
        match (ra.take(), rb.take()) {
            (Some(x), Some(y)) => Poll::Ready((x, y)),
            (x, y) => {
                (ra, rb) = (x, y);
                Poll::Pending
            }
        }
    })
    .await
}

/// Runs three futures side by side.
pub async fn join3<A: Future, B: Future, C: Future>(a: A, b: B, c: C) -> (A::Output, B::Output, C::Output) {
    let (a, (b, c)) = join(a, join(b, c)).await;
    (a, b, c)
}

/// Runs any number of futures side by side; results in the same order.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Side<F>> = futures.into_iter().map(|future| Side::Running(Box::pin(future))).collect();
    poll_fn(|cx| {
        let mut pending = false;
        for side in &mut running {
            if let Side::Running(future) = side {
                match future.as_mut().poll(cx) {
                    Poll::Ready(value) => *side = Side::Done(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let done = running.into_iter().filter_map(|side| match side {
        Side::Done(value) => Some(value),
        Side::Running(_) => None,
    });
    done.collect()
}

/// One of several futures side by side, and then its result.
enum Side<F: Future> {
    Running(Pin<Box<F>>),
    Done(F::Output),
}
