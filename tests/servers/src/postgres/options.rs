//! What a test may ask of its Postgres.

/// What a test asks of its Postgres beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    private: bool,
    fsync: bool,
    settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// A server for this test alone, which may be stopped and killed: never the given one.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Commits reach the disk, as in production: for measuring. Otherwise `fsync` is off, which a
    /// killed server does not notice (what it wrote is with the system), only a machine that loses
    /// power. Implies [`PostgresOptions::private`].
    #[must_use]
    pub fn fsync(mut self) -> Self {
        self.fsync = true;
        self.private()
    }

    /// A setting of the server, as in `postgresql.conf`. Implies [`PostgresOptions::private`].
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self.private()
    }

    pub(super) fn is_private(&self) -> bool {
        self.private
    }

    /// As arguments of `postgres`.
    pub(super) fn arguments(&self) -> Vec<String> {
        let fsync = (
            "fsync".to_owned(),
            if self.fsync { "on" } else { "off" }.to_owned(),
        );
        std::iter::once(&fsync)
            .chain(&self.settings)
            .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
            .collect()
    }
}
