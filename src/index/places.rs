//! Where each number's vector is.

use crate::{IndexError, MOST};

const NOWHERE: u32 = u32::MAX;

/// By number, a place; numbers have few gaps, so it is a plain table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Places {
    table: Vec<u32>,
    len: usize,
}

impl Places {
    /// Where each of these numbers' vectors is, which are one after another.
    pub(crate) fn of(numbers: &[u32]) -> Result<Self, IndexError> {
        let mut places = Self::default();
        for (place, &number) in (0..).zip(numbers) {
            places.check(number)?;
            places.set(number, place);
        }
        Ok(places)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, number: u32) -> Option<u32> {
        self.table.get(number as usize).copied().filter(|&place| place != NOWHERE)
    }

    /// Whether the number can be given to a vector that comes in.
    pub(crate) fn check(&self, number: u32) -> Result<(), IndexError> {
        match self.get(number) {
            Some(_) => Err(IndexError::Taken(number)),
            None if number >= MOST => Err(IndexError::Beyond(number)),
            None => Ok(()),
        }
    }

    /// Says where a number's vector is, of one that was let in ([`Places::check`]).
    pub(crate) fn set(&mut self, number: u32, place: u32) {
        let at = number as usize;
        if self.table.len() <= at {
            self.table.resize(at + 1, NOWHERE);
        }
        self.len += usize::from(self.table[at] == NOWHERE);
        self.table[at] = place;
    }

    pub(crate) fn forget(&mut self, number: u32) -> Option<u32> {
        let place = self.get(number)?;
        self.table[number as usize] = NOWHERE;
        self.len -= 1;
        // As if it had never been there.
        while self.table.last() == Some(&NOWHERE) {
            self.table.pop();
        }
        Some(place)
    }
}
