//! What a platform puts into the environment by itself, and the names by which an engine may be called.

use super::*;

#[test]
fn what_kubernetes_puts_into_a_pod_is_no_setting() {
    let config = loaded(&inputs(&[
        // For Services called order-engine, order-engine--metrics, redis and postgres.
        ("ORDER_ENGINE_SERVICE_HOST", "10.0.0.5"),
        ("ORDER_ENGINE_SERVICE_PORT", "3000"),
        ("ORDER_ENGINE_SERVICE_PORT_HTTP", "3000"),
        ("ORDER_ENGINE_PORT", "tcp://10.0.0.5:3000"),
        ("ORDER_ENGINE_PORT_3000_TCP", "tcp://10.0.0.5:3000"),
        ("ORDER_ENGINE_PORT_3000_TCP_ADDR", "10.0.0.5"),
        ("ORDER_ENGINE__METRICS_SERVICE_HOST", "10.0.0.6"),
        ("ORDER_ENGINE__METRICS_PORT", "tcp://10.0.0.6:9000"),
        ("ORDER_ENGINE__METRICS_PORT_9000_TCP_PROTO", "tcp"),
        ("REDIS_HOST", "redis"),
        ("REDIS_PORT", "tcp://10.0.0.1:6380"),
        ("POSTGRES_HOST", "postgres"),
        ("POSTGRES_PORT", "tcp://[fd00::1]:6543"),
        ("PORT", "tcp://10.0.0.5:3001"),
        // And what the engine's own clients are told by.
        ("ORDER_ENGINE_URL", "http://localhost:3000"),
        ("ORDER_ENGINE_API_KEY", "a.b"),
    ]));
    assert_eq!(config.redis.url.unwrap().expose(), "redis://redis:6380");
    let database = config.database.url.unwrap();
    assert!(
        database.expose().ends_with("@postgres:6543/postgres"),
        "{}",
        database.expose()
    );
    assert_eq!(config.server.port, 3001);
    for (name, value) in [
        ("ORDER_ENGINE_PORT", "3000"),
        ("ORDER_ENGINE_SERVICE_HOST", "redis"),
        ("ORDER_ENGINE_DATABASE_URL", "postgres://db/x"),
        ("ORDER_ENGINE__METRICS_PORT", "9000"),
    ] {
        assert!(load(&inputs(&[(name, value)])).is_err(), "{name}={value}");
    }
    assert!(
        message(&inputs(&[
            ("REDIS_HOST", "redis"),
            ("REDIS_PORT", "tcp://10.0.0.1")
        ]))
        .contains("REDIS_PORT")
    );
}

#[test]
fn names_below_a_domain_are_listed_by_a_star() {
    for (key, good, wrong) in [
        (
            "ORDER_ENGINE__SERVER__ALLOWED_ORIGINS",
            "https://*.desk.example, https://*.desk.example:8443, http://*.localhost:5173, *",
            [
                "https://*",
                "https://*.example",
                "https://*desk.example",
                "https://a.*.example",
            ],
        ),
        (
            "ORDER_ENGINE__SERVER__ALLOWED_HOSTS",
            "desk.example, *.desk.example, Desk.Internal, *",
            [
                "*.example",
                "desk.example:443",
                "https://desk.example",
                "a.*.example",
            ],
        ),
    ] {
        assert!(load(&inputs(&[(key, good)])).is_ok(), "{good}");
        for wrong in wrong {
            assert!(
                message(&inputs(&[(key, wrong)])).contains("*.desk.example"),
                "{wrong}"
            );
        }
    }
}
