//! Where a server comes from.

use std::fmt;

/// Where a server comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It runs already, and its address is in the environment.
    Given,
    /// A container of a Docker engine.
    Docker,
    /// The machine's own binaries.
    Local,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "given",
            Self::Docker => "in a container",
            Self::Local => "a local process",
        })
    }
}
