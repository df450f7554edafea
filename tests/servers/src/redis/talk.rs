//! A few words of Redis's protocol, spoken by hand: the `redis` crate belongs to one adapter alone.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::ServerError;

const READY_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A server that is reached by TCP.
pub(super) struct Address {
    host: String,
    port: u16,
    /// The commands before any other: the password, the number of the database.
    login: String,
}

impl Address {
    /// `None` for what is not plain TCP.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let host = (url.scheme() == "redis")
            .then(|| url.host_str())
            .flatten()?
            .to_owned();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut login = match (url.username(), url.password()) {
            (_, None) => String::new(),
            ("", Some(password)) => command(&["AUTH", &decoded(password)]),
            (user, Some(password)) => command(&["AUTH", &decoded(user), &decoded(password)]),
        };
        let database = url.path().trim_matches('/');
        if !database.is_empty() {
            login += &command(&["SELECT", database]);
        }
        Some(Self {
            host,
            port: url.port().unwrap_or(6379),
            login,
        })
    }

    /// Returns when the server answers.
    pub(super) fn await_ready(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            match self.ping() {
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                Err(error) => {
                    return Err(ServerError::Redis {
                        doing: "answer",
                        answer: error.to_string(),
                    });
                }
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Whether it is up, and takes the password: one that took a free port in between would not.
    pub(super) fn ping(&self) -> io::Result<()> {
        self.say(&["PING"], "+PONG")
    }

    /// Deletes everything.
    pub(super) fn flush(&self) -> io::Result<()> {
        // By a script, because a plain OK could be the answer to the password.
        self.say(&["EVAL", "redis.call('FLUSHALL') return 1", "0"], ":1")
    }

    /// Deletes the keys with this prefix, also where a hash tag's brace stands before it.
    pub(super) fn delete(&self, prefix: &str) -> io::Result<()> {
        let script =
            "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('UNLINK', key) end return 1";
        self.say(&["EVAL", script, "0", &format!("*{prefix}*")], ":1")
    }

    /// Says one thing, and reads until the answer has come.
    fn say(&self, words: &[&str], answer: &str) -> io::Result<()> {
        let address = (self.host.as_str(), self.port)
            .to_socket_addrs()?
            .next()
            .ok_or(io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.write_all(format!("{}{}", self.login, command(words)).as_bytes())?;
        let (mut said, mut part) = (String::new(), [0; 512]);
        loop {
            let count = stream.read(&mut part)?;
            said.push_str(&String::from_utf8_lossy(&part[..count]));
            if said.lines().any(|line| line == answer) {
                return Ok(());
            }
            if count == 0 || said.lines().any(|line| line.starts_with('-')) {
                return Err(io::Error::other(said.trim().to_owned()));
            }
        }
    }
}

/// A command as Redis reads it.
fn command(words: &[&str]) -> String {
    let arguments: String = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()))
        .collect();
    format!("*{}\r\n{arguments}", words.len())
}
