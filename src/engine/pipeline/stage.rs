//! A stage keeps its last answer, keyed by just the part of the state that it reads.

use super::StageError;

/// A stage's last answer with what it was asked.
#[derive(Debug)]
pub struct Stage<K, V> {
    last: Option<(K, V)>,
}

impl<K, V> Default for Stage<K, V> {
    fn default() -> Self {
        Self { last: None }
    }
}

impl<K: PartialEq, V> Stage<K, V> {
    /// Whether the last answer was to this question.
    pub fn holds(&self, key: &K) -> bool {
        self.last.as_ref().is_some_and(|(asked, _)| asked == key)
    }

    /// The answer to a question: the last one if it was to this, or else a new one.
    pub fn get_or_insert(&mut self, key: K, answer: impl FnOnce(&K) -> V) -> &V {
        let last = self.last.take_if(|(asked, _)| *asked == key);
        let last = last.unwrap_or_else(|| {
            let answer = answer(&key);
            (key, answer)
        });
        &self.last.insert(last).1
    }

    /// The same where the answer is waited for.
    ///
    /// # Errors
    /// Where there is none; then the last one stays.
    pub async fn get_or_try_insert(
        &mut self,
        key: K,
        answer: impl AsyncFnOnce(&K) -> Result<V, StageError>,
    ) -> Result<&V, StageError> {
        let last = match self.last.take_if(|(asked, _)| *asked == key) {
            Some(last) => last,
            None => {
                let answer = answer(&key).await?;
                (key, answer)
            }
        };
        Ok(&self.last.insert(last).1)
    }

    /// The last question and answer.
    pub fn last(&self) -> Option<&(K, V)> {
        self.last.as_ref()
    }

    /// Forgets: what the stage stands on has changed.
    pub fn clear(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn only_the_same_question_is_answered_from_the_cache() {
        let mut stage = Stage::default();
        assert!(!stage.holds(&"couch"));
        assert_eq!(stage.get_or_insert("couch", |_| 7), &7);
        assert!(stage.holds(&"couch"));
        assert_eq!(stage.get_or_insert("couch", |_| 8), &7);
        assert_eq!(stage.get_or_insert("lamp", |asked| asked.len()), &4);
        assert!(!stage.holds(&"couch"));
        stage.clear();
        assert_eq!(stage.get_or_insert("lamp", |_| 9), &9);
    }

    #[test]
    fn where_there_is_no_answer_the_last_one_stays() {
        let mut stage = Stage::default();
        let mut ask = |key, answer: Result<usize, ()>| {
            let answer = async |_: &&str| answer.map_err(|()| StageError::Device("lost".into()));
            block_on(stage.get_or_try_insert(key, answer)).ok().copied()
        };
        assert_eq!(ask("couch", Ok(7)), Some(7));
        assert_eq!(ask("lamp", Err(())), None);
        assert_eq!(ask("couch", Err(())), Some(7));
        assert_eq!(ask("lamp", Ok(8)), Some(8));
    }
}
