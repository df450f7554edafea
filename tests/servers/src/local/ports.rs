//! Ports for servers that want to be told theirs.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// Below the range from which systems take the ports of outgoing connections, so that a stopped
/// server's port is still free when it starts again.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of 127.0.0.1 that is free now. Its user must be ready to find it taken.
pub(crate) fn free_port() -> io::Result<u16> {
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..100 {
        let (_, random, _, _) = uuid::Uuid::new_v4().as_fields();
        let port = FIRST + random % COUNT;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
