//! Servers whose users are those of `deploy/`, and the parts of the engine as those users.

use order_test_servers::{Postgres, PostgresOptions, Redis, RedisOptions};
use order_tests::EngineProcess;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

const ROLES: &str = include_str!("../../deploy/postgres/roles.sql");
const PRIVILEGES: &str = include_str!("../../deploy/postgres/privileges.sql");
const USERS: &str = include_str!("../../deploy/redis/users.acl");

/// The password of all users. Whatever shows it has shown a secret.
pub const PASSWORD: &str = "canary-5f3a9d";

/// A database and a Redis whose users are those of `deploy/`.
pub struct Guarded {
    postgres: Postgres,
    redis: Redis,
    database: String,
}

impl Guarded {
    /// Servers with an empty database, migrated and restricted.
    pub async fn start() -> Self {
        let (postgres, redis) = tokio::join!(
            Postgres::start_with(PostgresOptions::default().private()),
            Redis::start_with(RedisOptions::default().private()),
        );
        let (postgres, redis) = (postgres.unwrap(), redis.unwrap());
        let database = postgres.fresh_database().await.unwrap();
        let guarded = Self {
            postgres,
            redis,
            database,
        };
        guarded.sql(ROLES).await.unwrap();
        for role in ["migration", "api", "worker", "reader"] {
            let password = format!("alter role order_{role} password '{PASSWORD}'");
            guarded.sql(&password).await.unwrap();
        }
        let migrator = [("DATABASE_URL", guarded.database_of("migration"))];
        let migrator = migrator.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut migrate = EngineProcess::spawn(&["migrate"], &migrator);
        assert!(migrate.exit().await.success(), "{:?}", migrate.lines());
        // Twice, as after every migration.
        for _ in 0..2 {
            guarded.as_role("migration", PRIVILEGES).await.unwrap();
        }
        guarded.restrict_redis().await;
        guarded
    }

    /// Runs statements as the server's own superuser.
    async fn sql(&self, statements: &str) -> Result<(), String> {
        let done = self.postgres.tamper(&self.database, statements).await;
        done.map_err(|error| {
            let cause = std::error::Error::source(&error).and_then(std::error::Error::source);
            cause.map_or_else(|| error.to_string(), ToString::to_string)
        })
    }

    /// A process of that role, as the user of that name.
    pub fn process(&self, role: &str, market: &str, more: &[(&str, &str)]) -> EngineProcess {
        let (database, redis) = (self.database_of(role), self.redis_of(role));
        let mut environment = vec![
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("DATABASE_URL", database.as_str()),
            ("ORDER_ENGINE__DATABASE__MIGRATE", "false"),
            ("REDIS_URL", redis.as_str()),
            ("VENUE_URL", market),
            ("ORDER_ENGINE__QUEUE__RATE_PER_MINUTE", "100000"),
        ];
        environment.extend(more);
        EngineProcess::spawn(&["serve", "--role", role], &environment)
    }

    /// Runs a statement with a role's rights.
    pub async fn as_role(&self, role: &str, statement: &str) -> Result<(), String> {
        self.sql(&format!("set role order_{role}; {statement}")).await
    }

    pub fn database_of(&self, role: &str) -> String {
        with_user(&self.database, &format!("order_{role}"))
    }

    /// Lets the users of `deploy/` in, and then no other.
    async fn restrict_redis(&self) {
        let url = Url::parse(self.redis.url()).unwrap();
        let place = (url.host_str().unwrap(), url.port().unwrap());
        let mut connection = TcpStream::connect(place).await.unwrap();
        let mut commands = format!("AUTH {}\r\n", url.password().unwrap());
        let users = USERS
            .replace("%API_PASSWORD%", PASSWORD)
            .replace("%WORKER_PASSWORD%", PASSWORD);
        let (default, others) = users.split_once('\n').unwrap();
        for user in others.lines().chain([default]) {
            commands += &format!("ACL SETUSER {}\r\n", user.strip_prefix("user ").unwrap());
        }
        commands += "QUIT\r\n";
        connection.write_all(commands.as_bytes()).await.unwrap();
        let mut answers = String::new();
        connection.read_to_string(&mut answers).await.unwrap();
        assert!(answers.lines().all(|answer| answer == "+OK"), "{answers}");
    }

    pub fn redis_of(&self, user: &str) -> String {
        with_user(self.redis.url(), user)
    }
}

fn with_user(url: &str, user: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    url.set_username(user).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    url.into()
}

/// A market, whose ledger is in that folder.
pub fn venue(folder: &TempDir) -> EngineProcess {
    let ledger = folder.path().join("market.ledger");
    let arguments = ["venue", "--port", "0", "--ledger", ledger.to_str().unwrap()];
    let profile = [
        ("HOST", "127.0.0.1"),
        ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
        ("ORDER_ENGINE__VENUES__PRICE", "frozen"),
    ];
    EngineProcess::spawn(&arguments, &profile)
}
