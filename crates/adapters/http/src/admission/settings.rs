//! What a caller may take. None stands for no limit.

use std::num::NonZeroU32;
use std::time::Duration;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So often in a second, in the long run.
    pub per_second: NonZeroU32,
    /// So often at once, after a pause.
    pub burst: NonZeroU32,
}

/// What callers may take of this process.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// How many proxies stand before the endpoints and may be trusted to say whom they speak for.
    pub trusted_hops: usize,
    /// Whether callers on this machine are exempt from what is limited by address.
    pub exempt_loopback: bool,
    /// Requests of one address.
    pub address_rate: Option<Rate>,
    /// Submissions and changes of one owner.
    pub owner_rate: Option<Rate>,
    /// Messages and pings on one socket.
    pub message_rate: Option<Rate>,
    /// Connections of this process.
    pub connections: usize,
    /// Connections of one address. Not looked at behind proxies, whose connections carry many callers.
    pub connections_per_address: Option<usize>,
    /// Sockets and event streams of one address.
    pub streams_per_address: Option<usize>,
    /// Sockets and event streams of one owner.
    pub streams_per_owner: Option<usize>,
    /// Requests under way at once; further ones are told to come back.
    pub requests: usize,
    /// How long a request may take to be answered, its body included.
    pub request_timeout: Duration,
    /// How long a client may take to agree on encryption.
    pub handshake_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// The most bytes of a request's head.
    pub head_bytes: usize,
    /// The most fields of a request's head.
    pub head_fields: usize,
    /// The pages of other origins that may call, as browsers name them (`https://desk.example`,
    /// `https://*.desk.example`); `*` is any.
    pub origins: Vec<String>,
    /// The names, beside local ones, by which this service may be asked without a key; `None` where keys are on.
    pub hosts: Option<Vec<String>>,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            trusted_hops: 0,
            exempt_loopback: true,
            address_rate: None,
            owner_rate: None,
            message_rate: None,
            connections: 20_000,
            connections_per_address: None,
            streams_per_address: None,
            streams_per_owner: None,
            requests: 4_096,
            request_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            head_bytes: 16 * 1024,
            head_fields: 64,
            origins: Vec::new(),
            hosts: None,
        }
    }
}
