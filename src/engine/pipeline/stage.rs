//! A stage keeps its last answer, keyed by just the part of the state that it reads.

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
    /// The last answer, if it was to this question.
    pub fn cached(&self, key: &K) -> Option<&V> {
        self.last.as_ref().filter(|(asked, _)| asked == key).map(|(_, answer)| answer)
    }

    /// Keeps an answer and lends it.
    pub fn keep(&mut self, key: K, answer: V) -> &V {
        &self.last.insert((key, answer)).1
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

    #[test]
    fn only_the_same_question_is_answered_from_the_cache() {
        let mut stage = Stage::default();
        assert_eq!(stage.cached(&"couch"), None);
        stage.keep("couch", 7);
        assert_eq!(stage.cached(&"couch"), Some(&7));
        assert_eq!(stage.cached(&"lamp"), None);
        stage.clear();
        assert_eq!(stage.cached(&"couch"), None);
    }
}
