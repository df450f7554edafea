//! Names that platforms and people set by habit: `PORT`, `DATABASE_URL` and the like.

use std::collections::HashMap;

use config::{Map, Source, Value, ValueKind};
use url::Url;

use super::issue::ConfigIssue;
use super::kubernetes;

/// The familiar names, as settings.
#[derive(Clone, Debug, Default)]
pub(super) struct ConventionalEnv {
    settings: Map<String, Value>,
}

impl Source for ConventionalEnv {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.settings.clone())
    }
}

/// The setting that is a port, and may be written as Kubernetes does: as a whole address.
const PORT: &str = "server.port";

/// Names that stand for exactly one setting. An empty variable counts as unset.
const PLAIN: [(&str, &str); 7] = [
    ("PORT", PORT),
    ("HOST", "server.host"),
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "redis.url"),
    ("VENUE_URL", "market.url"),
    ("RUST_LOG", "log.filter"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
];

/// The names that make up an address, where no name stands for the whole of it.
const PARTS: [&str; 9] = [
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_USERNAME",
    "REDIS_PASSWORD",
];

/// All familiar names.
pub fn familiar_names() -> impl Iterator<Item = &'static str> {
    PLAIN.into_iter().map(|(name, _)| name).chain(PARTS)
}

/// Whether this is the name of a variable that stands for one setting.
pub(super) fn is_plain(name: &str) -> bool {
    PLAIN.iter().any(|(plain, _)| *plain == name)
}

/// Reads the familiar names from an environment.
pub(super) fn conventional_env(
    environment: &HashMap<String, String>,
    issues: &mut Vec<ConfigIssue>,
    warnings: &mut Vec<String>,
) -> ConventionalEnv {
    let variables = Variables { environment };
    let mut conventional_env = ConventionalEnv::default();
    for (name, key) in PLAIN {
        if let Some(value) = variables.get(name) {
            let port = kubernetes::port_of(value).filter(|_| key == PORT);
            conventional_env.set(
                key,
                name,
                &port.map_or_else(|| value.to_owned(), |port| port.to_string()),
            );
        }
    }
    if variables.get("DATABASE_URL").is_none() {
        match variables.get("POSTGRES_HOST") {
            Some(host) => {
                conventional_env.compose("database.url", "POSTGRES_HOST", variables.postgres(host), issues)
            }
            None => variables.warn_of_orphans("POSTGRES", "DATABASE_URL", warnings),
        }
    }
    if variables.get("REDIS_URL").is_none() {
        match variables.get("REDIS_HOST") {
            Some(host) => conventional_env.compose("redis.url", "REDIS_HOST", variables.redis(host), issues),
            None => variables.warn_of_orphans("REDIS", "REDIS_URL", warnings),
        }
    }
    conventional_env
}

impl ConventionalEnv {
    fn set(&mut self, key: &str, name: &str, value: &str) {
        let value = Value::new(Some(&name.to_owned()), ValueKind::String(value.to_owned()));
        self.settings.insert(key.to_owned(), value);
    }

    fn compose(
        &mut self,
        key: &str,
        name: &str,
        url: Result<Url, ConfigIssue>,
        issues: &mut Vec<ConfigIssue>,
    ) {
        match url {
            Ok(url) => self.set(key, name, url.as_str()),
            Err(issue) => issues.push(issue),
        }
    }
}

struct Variables<'a> {
    environment: &'a HashMap<String, String>,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn postgres(&self, host: &str) -> Result<Url, ConfigIssue> {
        // A path is the folder of a Unix socket, which an address can only hold as a parameter.
        let socket = host.starts_with('/');
        let mut url = self.address("postgres", if socket { "localhost" } else { host }, "POSTGRES")?;
        let user = self.get("POSTGRES_USER").unwrap_or("postgres");
        let database = self.get("POSTGRES_DB").unwrap_or(user);
        let described = url
            .set_username(user)
            .and_then(|()| url.set_password(self.get("POSTGRES_PASSWORD")));
        described.map_err(|()| ConfigIssue::at("POSTGRES_HOST", "is not a host"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().push(database);
        }
        if socket {
            url.query_pairs_mut().append_pair("host", host);
        }
        Ok(url)
    }

    fn redis(&self, host: &str) -> Result<Url, ConfigIssue> {
        if host.contains("://") {
            return Err(ConfigIssue::at(
                "REDIS_HOST",
                "must be a host name; put a whole address into REDIS_URL",
            ));
        }
        let mut url = self.address("redis", host, "REDIS")?;
        let user = self.get("REDIS_USERNAME").unwrap_or("");
        let described = url
            .set_username(user)
            .and_then(|()| url.set_password(self.get("REDIS_PASSWORD")));
        described.map_err(|()| ConfigIssue::at("REDIS_HOST", "is not a host"))?;
        Ok(url)
    }

    /// `scheme://host[:port]`, the port from the variable `FAMILY_PORT`.
    fn address(&self, scheme: &str, host: &str, family: &str) -> Result<Url, ConfigIssue> {
        let bracketed = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host.into()
        };
        let mut url = Url::parse(&format!("{scheme}://{bracketed}"))
            .map_err(|error| ConfigIssue::at(format!("{family}_HOST"), format!("is not a host ({error})")))?;
        let name = format!("{family}_PORT");
        if let Some(port) = self.get(&name) {
            // Kubernetes writes the whole address there, for a Service of this name.
            let port = kubernetes::port_of(port).or_else(|| port.parse().ok().filter(|port| *port != 0));
            let port: u16 = port.ok_or_else(|| ConfigIssue::at(&name, "must be a port, 1 to 65535"))?;
            url.set_port(Some(port))
                .map_err(|()| ConfigIssue::at(&name, "does not go with this host"))?;
        }
        Ok(url)
    }

    /// Parts of an address without a host select nothing; a silent in-memory engine would surprise.
    fn warn_of_orphans(&self, family: &str, whole: &str, warnings: &mut Vec<String>) {
        let port = format!("{family}_PORT");
        // Kubernetes sets REDIS_PORT=tcp://… for every service called redis: that is not meant for us.
        let meant = |name: &str, value: &str| name != port || value.parse::<u16>().is_ok();
        let parts = PARTS.iter().filter(|name| name.starts_with(family));
        for name in parts {
            if self.get(name).is_some_and(|value| meant(name, value)) {
                warnings.push(format!(
                    "{name} is set without {family}_HOST or {whole} and selects nothing"
                ));
            }
        }
    }
}
