//! Parts of rows, dealt to threads where there are any.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use rayon::prelude::*;

#[cfg(target_arch = "wasm32")]
pub(super) use self::one::*;

/// A browser's worker is one thread: the same names, one part after another.
#[cfg(target_arch = "wasm32")]
mod one {
    #[cfg(feature = "training")]
    use std::slice::Chunks;
    use std::slice::ChunksMut;

    pub trait Parts<T> {
        #[cfg(feature = "training")]
        fn par_chunks(&self, rows: usize) -> Chunks<'_, T>;
        fn par_chunks_mut(&mut self, rows: usize) -> ChunksMut<'_, T>;
    }

    impl<T> Parts<T> for [T] {
        #[cfg(feature = "training")]
        fn par_chunks(&self, rows: usize) -> Chunks<'_, T> {
            self.chunks(rows)
        }

        fn par_chunks_mut(&mut self, rows: usize) -> ChunksMut<'_, T> {
            self.chunks_mut(rows)
        }
    }

    pub trait Collect: Iterator + Sized {
        fn collect_into_vec(self, into: &mut Vec<Self::Item>) {
            into.clear();
            into.extend(self);
        }
    }

    impl<I: Iterator> Collect for I {}
}
