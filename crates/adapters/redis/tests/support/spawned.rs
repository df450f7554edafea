//! Servers from the machine's own binary, for what no other source of servers offers: certificates, sentinels.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A `redis-server` that ends with this value, or with the test's process.
pub struct Spawned {
    supervisor: Child,
    folder: TempDir,
}

/// The server runs until the supervisor's input ends, which it does however the test's process ends.
const SUPERVISE: &str = "redis-server redis.conf $1 > log 2>&1 & server=$!
trap 'kill -9 $server' EXIT
cat > /dev/null";

impl Spawned {
    /// Starts one in a folder of its own, which the configuration's paths are relative to; `mode` may be `--sentinel`.
    pub fn start(configuration: &str, mode: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files.iter().chain([&("redis.conf", configuration)]) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISE, "sh", mode])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { supervisor, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        let mut log = String::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.path().join("log")) {
            _ = file.read_to_string(&mut log);
        }
        log
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        _ = self.supervisor.wait();
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
