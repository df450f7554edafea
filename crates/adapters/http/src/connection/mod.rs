//! What a connection does beside speaking HTTP: it times its client, and notices when the client is gone.

mod gone;
mod head_time;
mod socket;

pub use self::gone::watched;
pub use self::head_time::{HeadTime, Noted, TimedBody, UnderWay};
pub use self::socket::Socket;
