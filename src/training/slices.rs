//! Long computations that are made slice by slice: after each slice, whoever makes one may do something else,
//! and go on later or not at all. What comes of one hangs on none of that.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Something that is made slice by slice.
pub type Sliced<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Makes the next slice; what comes of all of them, if it was the last.
pub fn next_slice<T>(sliced: &mut Sliced<'_, T>) -> Option<T> {
    match sliced.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// Makes all slices, one after another.
pub fn whole<T>(sliced: impl Future<Output = T>) -> T {
    let mut sliced = pin!(sliced);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = sliced.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// Ends a slice; the next begins once it is asked for.
pub async fn end_slice() {
    let mut is_over = false;
    let end = |context: &mut Context<'_>| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        // Where it is waited for like anything else, it is asked for at once.
        context.waker().wake_by_ref();
        Poll::Pending
    };
    poll_fn(end).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn sum(made: &Cell<u32>, slices: u32) -> u32 {
        for slice in 1..=slices {
            made.set(made.get() + slice);
            end_slice().await;
        }
        made.get()
    }

    #[test]
    fn a_slice_is_made_when_it_is_asked_for_and_not_before() {
        let made = Cell::new(0);
        let mut sliced: Sliced<'_, u32> = Box::pin(sum(&made, 3));
        assert_eq!(made.get(), 0);
        for expected in [1, 3, 6] {
            assert_eq!((next_slice(&mut sliced), made.get()), (None, expected));
        }
        assert_eq!(next_slice(&mut sliced), Some(6));
    }

    #[test]
    fn all_slices_at_once_are_the_same() {
        assert_eq!(whole(sum(&Cell::new(0), 4)), 10);
        // Slices of what is waited for are slices of whoever waits.
        let (one, other) = (Cell::new(0), Cell::new(0));
        let mut both: Sliced<'_, u32> =
            Box::pin(async { sum(&one, 1).await + sum(&other, 2).await });
        let slices = std::iter::from_fn(|| next_slice(&mut both).is_none().then_some(()));
        assert_eq!(slices.count(), 3);
    }

    #[test]
    fn what_is_left_after_a_slice_is_never_made() {
        let made = Cell::new(0);
        let mut sliced: Sliced<'_, u32> = Box::pin(sum(&made, 3));
        assert_eq!(next_slice(&mut sliced), None);
        drop(sliced);
        assert_eq!(made.get(), 1);
    }
}
