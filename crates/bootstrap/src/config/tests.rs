//! What an operator notices of a setting.

mod every_issue;
mod fuzz;
mod redis;
mod surroundings;

use super::*;

const SECRET: &str = "hunter2-do-not-print";

fn inputs(environment: &[(&str, &str)]) -> Inputs {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Inputs {
        environment,
        ..Inputs::default()
    }
}

fn with_file(text: &str, environment: &[(&str, &str)]) -> (Inputs, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("engine.toml");
    std::fs::write(&file, text).unwrap();
    (
        Inputs {
            file: Some(file),
            ..inputs(environment)
        },
        folder,
    )
}

fn load(inputs: &Inputs) -> Result<Loaded, ConfigIssues> {
    Config::load(inputs, Purpose::Serve(Role::All))
}

fn loaded(inputs: &Inputs) -> Config {
    load(inputs).unwrap().config
}

fn message(inputs: &Inputs) -> String {
    load(inputs).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_what_is_documented() {
    let config = loaded(&Inputs::default());
    assert_eq!(
        (
            config.queue.name.as_str(),
            config.queue.concurrency,
            config.queue.max_attempts
        ),
        ("orders", 10, 3)
    );
    assert_eq!(
        (config.queue.backoff, config.queue.lease),
        (Duration::from_secs(2), Duration::from_secs(30))
    );
    assert_eq!(
        (config.queue.rate_per_minute, config.orders.slippage_bps),
        (None, 50)
    );
    assert_eq!((config.server.port, config.server.post_upgrade), (3000, true));
    assert!(config.database.url.is_none() && config.redis.url.is_none() && config.market.url.is_none());
}

#[test]
fn each_layer_overrides_the_former() {
    let (mut inputs, _folder) = with_file(
        "[server]\nport = 3001\n[queue]\nname = \"from-file\"\nlease = \"1m\"",
        &[],
    );
    assert_eq!(loaded(&inputs).server.port, 3001);
    inputs
        .environment
        .insert("ORDER_ENGINE__SERVER__PORT".into(), "3002".into());
    inputs
        .environment
        .insert("ORDER_ENGINE__SERVER__POST_UPGRADE".into(), "false".into());
    let config = loaded(&inputs);
    assert_eq!((config.server.port, config.server.post_upgrade), (3002, false));
    inputs.environment.insert("PORT".into(), "3003".into());
    assert_eq!(loaded(&inputs).server.port, 3003);
    inputs.overrides = vec!["server.port = 1".into(), "server.port = 3004".into()];
    let config = loaded(&inputs);
    assert_eq!(
        (config.server.port, config.queue.name.as_str()),
        (3004, "from-file")
    );
    assert_eq!(config.queue.lease, Duration::from_secs(60));
}

#[test]
fn a_name_made_of_digits_stays_a_name() {
    assert_eq!(
        loaded(&inputs(&[("ORDER_ENGINE__QUEUE__NAME", "2024")]))
            .queue
            .name,
        "2024"
    );
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let config = loaded(&inputs(&[
        ("DATABASE_URL", ""),
        ("PORT", ""),
        ("ORDER_ENGINE__QUEUE__NAME", ""),
    ]));
    assert!(config.database.url.is_none());
    assert_eq!((config.server.port, config.queue.name.as_str()), (3000, "orders"));
}

#[test]
fn all_mistakes_come_in_one_message_each_with_its_key_and_origin() {
    let (inputs, folder) = with_file(
        r#"
        [queue]
        concurrency = 0
        max_attempts = 2.5
        backof = "1s"
        lease = "a while"
        [orders]
        slippage_bps = 10001
        send_timeout = "40s"
        [[tokens]]
        symbol = "WIF"
        decimals = -1
        [[tokens]]
        symbol = "WIF"
        decimals = 6
        [[tokens]]
        symbol = "TOO LONG A SYMBOL"
        decimals = 6
        "#,
        &[
            ("PORT", "70000"),
            ("ORDER_ENGINE__LOG__FORMAT", "xml"),
            ("ORDER_ENGINE__WATCH__BUFFER", "many"),
            ("ORDER_ENGINE_QUEUE_NAME", "x"),
            ("DATABASE_URL", "mysql://localhost/x"),
            ("REDIS_URL", "redis://localhost"),
        ],
    );
    let message = message(&inputs);
    let file = folder.path().join("engine.toml").display().to_string();
    for (key, part, origin) in [
        ("queue.concurrency", "must be 1 to 10000, not 0", file.as_str()),
        ("queue.max_attempts", "floating point", &file),
        ("queue.backof", "unknown setting `backof`", &file),
        ("queue.lease", "a while", &file),
        ("orders.slippage_bps", "must be 0 to 10000, not 10001", &file),
        ("orders.send_timeout", "must fit into 80 % of queue.lease", &file),
        ("tokens[0].decimals", "-1", &file),
        ("tokens[2].symbol", "is not a token symbol", &file),
        ("server.port", "70000", "PORT"),
        ("log.format", "xml", "ORDER_ENGINE__LOG__FORMAT"),
        ("watch.buffer", "many", "ORDER_ENGINE__WATCH__BUFFER"),
        ("database.url", "must begin with postgres://", "DATABASE_URL"),
    ] {
        let line = message
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{key}: ")));
        let line = line.unwrap_or_else(|| panic!("{key} is missing in: {message}"));
        assert!(line.contains(part), "{line}");
        assert!(line.ends_with(&format!("(set by {origin})")), "{line}");
    }
    assert!(
        message.contains("ORDER_ENGINE_QUEUE_NAME: is not a setting"),
        "{message}"
    );
    assert!(
        message.starts_with("the configuration has 13 mistakes:"),
        "{message}"
    );
}

#[test]
fn a_queue_on_redis_needs_a_store_that_lasts() {
    let message = message(&inputs(&[("REDIS_URL", "redis://localhost")]));
    assert!(
        message.contains("redis.url: a queue that outlives the process needs a store that does"),
        "{message}"
    );
    let both = inputs(&[
        ("REDIS_URL", "redis://localhost"),
        ("DATABASE_URL", "postgres://localhost/x"),
    ]);
    assert!(load(&both).is_ok());
    assert!(load(&inputs(&[("DATABASE_URL", "postgres://localhost/x")])).is_ok());
}

#[test]
fn a_process_that_shares_its_work_needs_all_that_is_shared() {
    for role in [Role::Api, Role::Worker] {
        let issues = Config::load(&Inputs::default(), Purpose::Serve(role)).unwrap_err();
        let keys: Vec<_> = issues.0.iter().map(|issue| issue.key.as_str()).collect();
        assert_eq!(keys, ["database.url", "redis.url"]);
    }
    let issues = Config::load(&Inputs::default(), Purpose::Migrate).unwrap_err();
    assert!(
        issues.to_string().contains("database.url: is missing"),
        "{issues}"
    );
}

#[test]
fn a_rest_address_of_redis_is_explained() {
    let message = message(&inputs(&[
        ("REDIS_URL", "https://eu1-merry-cat-12345.upstash.io"),
        ("DATABASE_URL", "postgres://localhost/x"),
    ]));
    assert!(message.contains("redis.url: is a REST address"), "{message}");
    assert!(message.contains("TCP connection"), "{message}");
}

#[test]
fn secrets_are_never_shown() {
    let database = format!("postgres://app:{SECRET}@db.internal/orders?password={SECRET}");
    let redis = format!("rediss://:{SECRET}@cache.internal:6380");
    let config = loaded(&inputs(&[("DATABASE_URL", &database), ("REDIS_URL", &redis)]));
    let shown = format!("{config:?} {:#?} {}", config, config.redis.url.as_ref().unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("postgres://app:***@db.internal/orders"), "{shown}");
    assert!(shown.contains("rediss://:***@cache.internal:6380"), "{shown}");
    assert_eq!(config.database.url.unwrap().expose(), database);
}

#[test]
fn no_mistake_shows_a_secret() {
    let odd = format!("postgres://app:{SECRET}#@db/orders");
    for environment in [
        vec![("DATABASE_URL", odd.as_str())],
        vec![("ORDER_ENGINE__DATABASE", SECRET)],
        vec![("ORDER_ENGINE__DATABASE__POOL_SIZE", SECRET)],
        vec![("ORDER_ENGINE__DATABASE__PASSWORD", SECRET)],
        vec![("ORDER_ENGINE__LOG__FORMAT", odd.as_str())],
        vec![("POSTGRES_HOST", "db"), ("POSTGRES_PORT", SECRET)],
        vec![("REDIS_URL", SECRET)],
    ] {
        let message = message(&inputs(&environment));
        assert!(!message.contains(SECRET), "{message}");
    }
    for text in [
        format!("[database]\nurl = \"postgres://a:{SECRET}@h/d\nx"),
        format!("database = \"{SECRET}\""),
    ] {
        let (inputs, _folder) = with_file(&text, &[]);
        let message = message(&inputs);
        assert!(!message.contains(SECRET), "{message}");
    }
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let (inputs, folder) = with_file("[queue]\nname = \"x\"\nlease = ", &[]);
    let file = folder.path().join("engine.toml");
    assert!(message(&inputs).contains(&format!("{}, line 3: is not TOML", file.display())));
    let missing = Inputs {
        file: Some(folder.path().join("nowhere.toml")),
        ..Inputs::default()
    };
    assert!(message(&missing).contains("nowhere.toml: cannot be read"));
}

#[test]
fn addresses_are_composed_from_their_parts() {
    let parts = [
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_USER", "app"),
        ("POSTGRES_PASSWORD", "p@ss/w:rd#1"),
        ("POSTGRES_DB", "orders"),
        ("POSTGRES_PORT", "6543"),
        ("REDIS_HOST", "cache"),
        ("REDIS_PORT", "6380"),
        ("REDIS_PASSWORD", "s3cr3t"),
    ];
    let config = loaded(&inputs(&parts));
    assert_eq!(
        config.database.url.unwrap().expose(),
        "postgres://app:p%40ss%2Fw%3Ard%231@db:6543/orders"
    );
    assert_eq!(config.redis.url.unwrap().expose(), "redis://:s3cr3t@cache:6380");
    let socket = loaded(&inputs(&[
        ("POSTGRES_HOST", "/cloudsql/x"),
        ("POSTGRES_USER", "app"),
    ]));
    assert_eq!(
        socket.database.url.unwrap().expose(),
        "postgres://app@localhost/app?host=%2Fcloudsql%2Fx"
    );
    let whole = loaded(&inputs(&[
        ("POSTGRES_HOST", "db"),
        ("DATABASE_URL", "postgres://other/x"),
    ]));
    assert_eq!(whole.database.url.unwrap().expose(), "postgres://other/x");
}

#[test]
fn parts_that_select_nothing_are_told() {
    let loaded = load(&inputs(&[("POSTGRES_USER", "app"), ("REDIS_PORT", "6379")])).unwrap();
    assert!(loaded.config.database.url.is_none() && loaded.config.redis.url.is_none());
    assert_eq!(
        loaded.warnings,
        [
            "POSTGRES_USER is set without POSTGRES_HOST or DATABASE_URL and selects nothing",
            "REDIS_PORT is set without REDIS_HOST or REDIS_URL and selects nothing",
        ]
    );
    // Kubernetes sets this for every service called redis: it is not meant for us.
    let loaded = load(&inputs(&[("REDIS_PORT", "tcp://10.0.0.1:6379")])).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn more_tokens_may_be_traded() {
    let inputs = Inputs {
        overrides: vec!["tokens = [{ symbol = \"wif\", decimals = 6 }]".into()],
        ..Inputs::default()
    };
    assert_eq!(load(&inputs).unwrap().tokens.find("WIF").unwrap().decimals, 6);
    let contradiction = vec!["tokens = [{ symbol = \"SOL\", decimals = 8 }]".into()];
    let inputs = Inputs {
        overrides: contradiction,
        ..Inputs::default()
    };
    assert!(
        message(&inputs).contains("tokens[0]: token SOL is listed twice"),
        "{}",
        message(&inputs)
    );
}

#[test]
fn venues_are_checked_with_everything_else() {
    let (inputs, folder) = with_file(
        r#"
        queue.concurrency = 0
        [venues]
        profile = "instant"
        price = "icy"
        faults.error_rate = { tired = "0.1" }
        [[venues.raydium.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = "50000"
        quote_reserve = "7500000"
        fee_rate = 2500
        [[venues.raydium.pools]]
        base = "SOL"
        quote = "DOGE"
        base_reserve = "50000"
        quote_reserve = "7500000"
        fee_rate = 2500
        "#,
        &[("ORDER_ENGINE__VENUES__SEED", "many")],
    );
    let message = message(&inputs);
    let file = folder.path().join("engine.toml").display().to_string();
    for (key, origin) in [
        ("queue.concurrency", file.as_str()),
        ("venues.price", &file),
        ("venues.faults.error_rate", &file),
        ("venues.raydium.pools[1].quote", &file),
        ("venues.seed", "ORDER_ENGINE__VENUES__SEED"),
    ] {
        let line = message
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{key}: ")));
        let line = line.unwrap_or_else(|| panic!("{key} is missing in: {message}"));
        assert!(line.ends_with(&format!("(set by {origin})")), "{line}");
    }
    assert!(
        message.starts_with("the configuration has 5 mistakes:"),
        "{message}"
    );
}

#[test]
fn venues_can_be_set_by_variables() {
    let config = loaded(&inputs(&[
        ("ORDER_ENGINE__VENUES__SEED", "42"),
        ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
        ("ORDER_ENGINE__VENUES__FAULTS__DOWN", "true"),
        ("ORDER_ENGINE__VENUES__FAULTS__ERROR_RATE__RATE_LIMITED", "0.25"),
    ]));
    assert_eq!((config.venues.seed, config.venues.faults.down), (Some(42), true));
    let rates: Vec<_> = config
        .venues
        .faults
        .error_rate
        .iter()
        .map(|(error, rate)| (error.code(), rate.parts()))
        .collect();
    assert_eq!(rates, [("rate_limited", 250_000)]);
}

/// The file names every setting; without its values the types' own defaults hold, and must agree.
#[test]
fn the_default_file_says_what_the_venues_do_by_default() {
    assert_eq!(loaded(&Inputs::default()).venues, MarketSettings::default());
}
