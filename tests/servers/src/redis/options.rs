//! What a test may ask of its Redis.

/// What a test asks of its Redis beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    private: bool,
    settings: Vec<(String, String)>,
}

/// Nothing is written to disk, and nothing is evicted, as the engine demands of its Redis.
const USUAL: [(&str, &str); 3] = [
    ("save", ""),
    ("appendonly", "no"),
    ("maxmemory-policy", "noeviction"),
];

impl RedisOptions {
    /// A server for this test alone, which may be flushed, stopped and killed: never the given one.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// A setting of the server, as in `redis.conf`: `("appendonly", "yes")` keeps what it knows over a
    /// kill. Implies [`RedisOptions::private`].
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self.private()
    }

    pub(super) fn is_private(&self) -> bool {
        self.private
    }

    /// The later ones win.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        USUAL.into_iter().chain(
            self.settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
    }
}
