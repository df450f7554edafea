//! Servers from the machine's own binaries, each in a temporary folder of its own.

mod account;
mod binaries;
mod folder;
mod ports;
mod process;
mod supervisor;

pub(crate) use account::Account;
pub(crate) use binaries::{find, find_together};
pub(crate) use folder::Folder;
pub(crate) use ports::free_port;
pub(crate) use process::{LocalServer, Program};

/// Starts what `make` builds for a port that was free a moment ago, with another port when it was
/// taken in between.
pub(crate) fn on_a_free_port<P: Program>(
    make: impl Fn(u16) -> Result<P, crate::ServerError>,
) -> Result<LocalServer<P>, crate::ServerError> {
    const ATTEMPTS: u32 = 5;
    let mut attempt = 1;
    loop {
        let port = free_port().map_err(crate::ServerError::machine("find a free port"))?;
        match LocalServer::launch(make(port)?) {
            Err(crate::ServerError::DidNotStart { log, .. })
                if attempt < ATTEMPTS && log.contains("in use") =>
            {
                attempt += 1
            }
            other => return other,
        }
    }
}
