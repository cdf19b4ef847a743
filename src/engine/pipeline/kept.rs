//! What a larger shop takes long to make, kept for the next visit.
//!
//! A file is pieces, one after another: the length of what comes and its CRC-32 (each four bytes,
//! little-endian), then that. The first piece says what the file is of. The second is made anew at every visit
//! and must be what it was, so that another program's arithmetic is noticed, too. What stands behind a piece
//! that is cut, damaged or another than it should be is cut off, and made anew; so a visit that ends in the
//! middle is gone on with by the next.

use std::pin::Pin;

use protocol::{Backend, Notice};

/// Raised whenever pieces of an older program could be misread.
const FORMAT: u32 = 1;

/// Bytes of a piece's length and checksum.
const HEAD: usize = 8;

/// The longest piece: what says to be longer is damaged. A tree over a million is one of some 5 MB.
const LONGEST: usize = 1 << 24;

/// Bytes that are read at once: where another process of the browser has the file, it is asked for each time.
const AHEAD: usize = 1 << 20;

/// Pieces that are taken before newer messages are let in: some milliseconds.
pub const PIECES: usize = 16;

/// Somewhere that files outlive a visit.
pub trait Keeps {
    /// What tells this build of the program from others: what they kept is not taken.
    fn version(&self) -> String;

    /// Opens a file for this visit alone, an empty one where there was none.
    fn open<'a>(&'a self, name: &'a str) -> Opening<'a>;
}

/// A file that is being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn KeptFile>, NotKept>> + 'a>>;

/// Why a file can't be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// Another visit has it open, and sees to it.
    Taken,
    /// The person wants nothing to be kept.
    Unwanted,
    /// What whoever keeps files said.
    Refused(String),
}

/// A file, open for as long as it is held.
pub trait KeptFile {
    /// Reads from a place on, as much as there is room for: how many bytes there were.
    ///
    /// # Errors
    /// Why it is not kept, or not any more.
    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<usize, NotKept>;

    /// Writes all of this from a place on.
    ///
    /// # Errors
    /// As [`Self::read`]; some of it may have been written.
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), NotKept>;

    /// Cuts off what stands from a place on.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn cut(&mut self, at: u64) -> Result<(), NotKept>;
}

/// A file of pieces: those that it has are taken first, then others are put behind them.
pub struct Kept {
    file: Box<dyn KeptFile>,
    at: u64,
    /// What was read, of it the first `before` bytes of pieces that were taken.
    ahead: Vec<u8>,
    before: usize,
    /// No whole piece stands behind those that were taken.
    is_over: bool,
    /// Nothing does.
    is_cut: bool,
}

impl Kept {
    /// The next piece as it is read; none where there is none, or it is not what is to be read.
    pub fn take<T>(&mut self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let piece = if self.is_over { None } else { self.piece() };
        let taken = piece.and_then(|piece| Some((HEAD + piece.len(), read(piece)?)));
        let Some((length, taken)) = taken else {
            self.end();
            return None;
        };
        self.at += length as u64;
        self.before += length;
        Some(taken)
    }

    /// No more is taken.
    fn end(&mut self) {
        self.is_over = true;
        (self.ahead, self.before) = (Vec::new(), 0);
    }

    /// The piece that stands next, if it is whole.
    fn piece(&mut self) -> Option<&[u8]> {
        let (length, sum) = self.next(HEAD)?.split_first_chunk::<4>()?;
        let sum = u32::from_le_bytes(*sum.first_chunk()?);
        let length = u32::from_le_bytes(*length) as usize;
        if length > LONGEST {
            return None;
        }
        let piece = self.next(HEAD + length)?.get(HEAD..)?;
        (crc32fast::hash(piece) == sum).then_some(piece)
    }

    /// The next bytes, so many, which are read if they were not, with others behind them.
    fn next(&mut self, length: usize) -> Option<&[u8]> {
        if self.ahead.len() < self.before + length {
            self.ahead.drain(..self.before);
            self.before = 0;
            let there = self.ahead.len();
            self.ahead.resize(length.max(AHEAD), 0);
            let read = self.file.read(self.at + there as u64, &mut self.ahead[there..]);
            self.ahead.truncate(there + read.unwrap_or(0));
        }
        self.ahead.get(self.before..self.before + length)
    }

    /// Puts a piece behind those that were taken, in place of whatever stands there.
    fn push(&mut self, piece: &[u8]) -> Result<(), NotKept> {
        self.end();
        if !self.is_cut {
            self.file.cut(self.at)?;
            self.is_cut = true;
        }
        let length = (piece.len() as u32).to_le_bytes();
        let sum = crc32fast::hash(piece).to_le_bytes();
        let bytes = [&length[..], &sum, piece].concat();
        self.file.write(self.at, &bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Takes a piece that is known; where another stands, or none, it is put there.
    fn expect(&mut self, piece: &[u8]) -> Result<(), NotKept> {
        match self.take(|kept| (kept == piece).then_some(())) {
            Some(()) => Ok(()),
            None => self.push(piece),
        }
    }
}

/// Where the shop is kept, if it is.
#[derive(Default)]
pub struct Storage {
    keeps: Option<Box<dyn Keeps>>,
    /// What tells the files that the shop is made of from others.
    of: String,
    /// What computes vectors, as names of files have it.
    place: &'static str,
    /// Why nothing is kept, until it was told.
    refused: Option<String>,
}

impl Storage {
    /// Keeps what is made of files that `of` tells from others, computed on this backend.
    pub fn new(keeps: Box<dyn Keeps>, of: String, backend: Backend) -> Self {
        let place = match backend {
            Backend::Cpu => "cpu",
            Backend::Webgpu => "webgpu",
        };
        Self { keeps: Some(keeps), of, place, refused: None }
    }

    /// Opens the products.
    pub async fn products(&mut self, first: &[u8]) -> Option<Kept> {
        self.open("shop-products", "", first).await
    }

    /// Opens the vectors of a retriever, which has one file for those that were laid out last; `by` is what
    /// they hang on.
    pub async fn vectors(&mut self, retriever: &str, by: &str, first: &[u8]) -> Option<Kept> {
        let name = format!("shop-vectors-{retriever}-{}", self.place);
        self.open(&name, by, first).await
    }

    /// Opens the tree over the vectors of a retriever, which has one file for that which was built last: a
    /// single piece, which says itself of which vectors it is. `by` is what else it hangs on.
    pub async fn tree(&mut self, retriever: &str, by: &str) -> Option<Kept> {
        let name = format!("shop-tree-{retriever}-{}", self.place);
        self.open(&name, by, &[]).await
    }

    /// Opens a file whose pieces hang on `by` and begin with `first`; none where it can't be had.
    async fn open(&mut self, name: &str, by: &str, first: &[u8]) -> Option<Kept> {
        let keeps = self.keeps.as_deref()?;
        let key = format!("{FORMAT} {name} {} {} {by}", keeps.version(), self.of);
        let opened = keeps.open(name).await;
        let begun = opened.and_then(|file| {
            let (ahead, before) = (Vec::new(), 0);
            let mut kept = Kept { file, at: 0, ahead, before, is_over: false, is_cut: false };
            kept.expect(key.as_bytes())?;
            kept.expect(first)?;
            Ok(kept)
        });
        begun.map_err(|why| self.refuse(why)).ok()
    }

    /// Puts a piece behind those of a file, if there is one; it is closed where that fails.
    pub fn push(&mut self, kept: &mut Option<Kept>, piece: &[u8]) {
        if let Some(Err(why)) = kept.as_mut().map(|file| file.push(piece)) {
            *kept = None;
            self.refuse(why);
        }
    }

    /// Nothing is kept from now on, where it is not another visit or the person who sees to that.
    fn refuse(&mut self, why: NotKept) {
        if let NotKept::Refused(why) = why {
            self.keeps = None;
            self.refused = Some(why);
        }
    }

    /// What the person should know, once.
    pub fn notice(&mut self) -> Option<Notice> {
        let why = self.refused.take()?;
        Some(Notice::new(word!("notices.shop-not-kept")).with("why", why))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::*;
    use futures::executor::block_on;

    /// One file, of as many bytes as there is room for.
    #[derive(Clone, Default)]
    struct Memory {
        bytes: Rc<RefCell<Vec<u8>>>,
        room: Option<usize>,
        /// Times that it was read.
        reads: Rc<Cell<usize>>,
        /// The person wants nothing to be kept by now.
        is_unwanted: Rc<Cell<bool>>,
    }

    impl Keeps for Memory {
        fn version(&self) -> String {
            "1".into()
        }

        fn open<'a>(&'a self, _: &'a str) -> Opening<'a> {
            let file: Box<dyn KeptFile> = Box::new(self.clone());
            let opened = if self.is_unwanted.get() { Err(NotKept::Unwanted) } else { Ok(file) };
            Box::pin(async move { opened })
        }
    }

    impl KeptFile for Memory {
        fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<usize, NotKept> {
            self.reads.set(self.reads.get() + 1);
            let kept = self.bytes.borrow();
            let rest = kept.get(at as usize..).unwrap_or_default();
            let count = rest.len().min(bytes.len());
            bytes[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }

        fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), NotKept> {
            if self.is_unwanted.get() {
                return Err(NotKept::Unwanted);
            }
            let mut kept = self.bytes.borrow_mut();
            assert_eq!(kept.len(), at as usize, "no gap, and nothing is written over");
            if self.room.is_some_and(|room| kept.len() + bytes.len() > room) {
                return Err(NotKept::Refused("full".into()));
            }
            kept.extend(bytes);
            Ok(())
        }

        fn cut(&mut self, at: u64) -> Result<(), NotKept> {
            self.bytes.borrow_mut().truncate(at as usize);
            Ok(())
        }
    }

    /// What is taken of a file that holds `first` and then others, and is put behind it.
    fn visit(memory: &Memory, of: &str, first: &[u8], others: &[&[u8]]) -> Vec<Vec<u8>> {
        let keeps = Box::new(memory.clone());
        let mut storage = Storage::new(keeps, of.into(), Backend::Cpu);
        let mut kept = block_on(storage.products(first));
        let mut taken = Vec::new();
        while let Some(piece) = kept.as_mut().and_then(|kept| kept.take(|p| Some(p.to_vec()))) {
            taken.push(piece);
        }
        for piece in &others[taken.len()..] {
            storage.push(&mut kept, piece);
        }
        assert_eq!(storage.notice(), None);
        taken
    }

    #[test]
    fn pieces_are_taken_as_far_as_they_are_right() {
        let memory = Memory::default();
        let (first, others) = (b"first", [b"second".as_slice(), b"", b"a fourth"]);
        let again = |of: &str| visit(&memory, of, first, &others).len();
        assert_eq!(again("shop"), 0);
        let whole = memory.bytes.borrow().clone();
        assert_eq!(again("shop"), 3);
        assert_eq!(visit(&memory, "shop", first, &others), others);
        // Cut in the middle of a piece or between two, damaged, or followed by something: what is whole is
        // taken, and the file is whole again.
        for cut in 0..whole.len() {
            memory.bytes.borrow_mut().truncate(cut);
            assert!(again("shop") < 3, "{cut}");
            assert_eq!(*memory.bytes.borrow(), whole, "{cut}");
            memory.bytes.borrow_mut()[cut] ^= 1;
            assert!(again("shop") < 3, "{cut}");
            assert_eq!(*memory.bytes.borrow(), whole, "{cut}");
        }
        memory.bytes.borrow_mut().truncate(whole.len() - 1);
        assert_eq!(again("shop"), 2);
        // Of another shop, or of other arithmetic, nothing is taken.
        assert_eq!(again("another"), 0);
        assert_eq!(again("shop"), 0);
        assert_eq!(visit(&memory, "shop", b"other", &others).len(), 0);
        assert_eq!(again("shop"), 0);
        assert_eq!(*memory.bytes.borrow(), whole);
    }

    #[test]
    fn pieces_are_read_many_at_a_time() {
        let memory = Memory::default();
        let pieces: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; 30_000]).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        assert_eq!(visit(&memory, "shop", b"first", &pieces), [[0_u8; 0]; 0]);
        memory.reads.set(0);
        assert_eq!(visit(&memory, "shop", b"first", &pieces), pieces);
        // Three megabytes, and a look whether there are more.
        assert!((3..6).contains(&memory.reads.get()), "{}", memory.reads.get());
        // One that is longer than what is read at once is taken, too.
        let long = vec![7; 3 * AHEAD];
        for taken in [0, 2] {
            assert_eq!(visit(&memory, "another", b"first", &[b"short", &long]).len(), taken);
        }
    }

    #[test]
    fn where_nothing_is_to_be_kept_nothing_is_told_and_later_it_may_be() {
        let memory = Memory::default();
        let mut storage = Storage::new(Box::new(memory.clone()), String::new(), Backend::Cpu);
        memory.is_unwanted.set(true);
        assert!(block_on(storage.products(b"first")).is_none());
        memory.is_unwanted.set(false);
        let mut kept = block_on(storage.products(b"first"));
        storage.push(&mut kept, b"second");
        assert!(kept.is_some());
        memory.is_unwanted.set(true);
        storage.push(&mut kept, b"third");
        assert!(kept.is_none(), "it is closed");
        assert_eq!(storage.notice(), None);
        memory.is_unwanted.set(false);
        assert_eq!(visit(&memory, "", b"first", &[b"second"]), [b"second"]);
    }

    #[test]
    fn where_there_is_no_room_that_is_told_once() {
        let memory = Memory { room: Some(70), ..Memory::default() };
        let mut storage = Storage::new(Box::new(memory.clone()), String::new(), Backend::Cpu);
        let mut kept = block_on(storage.products(b"first"));
        assert!(kept.is_some());
        storage.push(&mut kept, &[7; 10]);
        assert_eq!(storage.notice(), None);
        storage.push(&mut kept, &[7; 1_000]);
        assert!(kept.is_none());
        assert_eq!(storage.notice().map(|notice| notice.key).as_deref(), Some("shop-not-kept"));
        assert_eq!(storage.notice(), None);
        assert!(block_on(storage.products(b"first")).is_none(), "it does not ask again");
        // What fitted is there the next time.
        let taken = visit(&memory, "", b"first", &[&[7; 10]]);
        assert_eq!(taken, [[7; 10]]);
    }
}
