//! Which crate may depend on which.

use crate::workspace::Workspace;

/// Each member, and which of the others it may name, for whatever purpose. One that is not listed is not allowed,
/// so a new crate finds its place here first.
const MEMBERS: [(&str, &[&str]); 18] = [
    ("order-core", &[]),
    ("order-ports", &["order-core"]),
    ("order-application", &["order-core", "order-ports"]),
    ("order-memory", &["order-core", "order-ports"]),
    (
        "order-postgres",
        &["order-core", "order-ports", "order-test-servers"],
    ),
    (
        "order-redis",
        &["order-core", "order-ports", "order-test-servers"],
    ),
    ("order-mock-dex", &["order-core", "order-ports"]),
    ("order-http", &["order-core", "order-ports", "order-application"]),
    ("order-metrics", &["order-core", "order-ports"]),
    ("order-traces", &["order-core", "order-ports"]),
    (
        "order-bootstrap",
        &[
            "order-core",
            "order-ports",
            "order-application",
            "order-memory",
            "order-metrics",
            "order-traces",
            "order-postgres",
            "order-redis",
            "order-mock-dex",
            "order-http",
            "order-load",
        ],
    ),
    // It speaks to every server of the contract, and so knows nothing of ours.
    ("order-load", &[]),
    // What a program of someone else's would name.
    (
        "order-example-embedded",
        &["order-core", "order-application", "order-bootstrap"],
    ),
    (
        "order-tests",
        &[
            "order-core",
            "order-ports",
            "order-application",
            "order-bootstrap",
            "order-load",
            "order-test-servers",
        ],
    ),
    ("order-test-servers", &[]),
    (
        "order-chaos",
        &[
            "order-core",
            "order-ports",
            "order-application",
            "order-mock-dex",
            "order-postgres",
            "order-redis",
            "order-bootstrap",
            "order-test-servers",
        ],
    ),
    ("order-model", &[]),
    (
        "order-simulation",
        &[
            "order-core",
            "order-ports",
            "order-application",
            "order-memory",
            "order-mock-dex",
            "order-postgres",
            "order-redis",
            "order-test-servers",
        ],
    ),
];

/// What touches the outside world, or brings a runtime for it.
const OUTSIDE: [&str; 22] = [
    "async-std",
    "chrono",
    "deadpool-redis",
    "hyper",
    "hyper-util",
    "mio",
    "nix",
    "poem",
    "poem-openapi",
    "rand",
    "redis",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tempfile",
    "tokio",
    "tokio-postgres",
    "tokio-tungstenite",
    "tracing-subscriber",
];

/// Crates that are one part's own business.
const OWNED: [(&str, &[&str]); 15] = [
    ("sqlx", &["order-postgres"]),
    ("redis", &["order-redis"]),
    ("deadpool-redis", &["order-redis"]),
    ("poem", &["order-http", "order-mock-dex", "order-bootstrap"]),
    ("poem-openapi", &["order-http", "order-bootstrap"]),
    // Every part may count through the facade; one part alone gives out the numbers. The core and
    // the use cases do not know that they are counted.
    ("metrics", &["order-metrics", "order-postgres", "order-http"]),
    ("metrics-exporter-prometheus", &["order-metrics"]),
    // The use cases open spans; where they go is one part's business.
    ("opentelemetry", &["order-traces"]),
    ("opentelemetry_sdk", &["order-traces"]),
    ("opentelemetry-otlp", &["order-traces"]),
    ("tracing-opentelemetry", &["order-traces"]),
    ("tokio-postgres", &["order-test-servers"]),
    ("testcontainers", &["order-test-servers"]),
    ("hdrhistogram", &["order-load"]),
    ("anyhow", &["order-bootstrap"]),
];

/// Everything in this workspace that breaks a rule.
fn violations(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    unlisted_members(workspace, &mut found);
    forbidden_neighbours(workspace, &mut found);
    purity(workspace, &mut found);
    ownership(workspace, &mut found);
    found
}

fn allowed(member: &str) -> Option<&'static [&'static str]> {
    MEMBERS
        .iter()
        .find(|(name, _)| *name == member)
        .map(|(_, allowed)| *allowed)
}

fn unlisted_members(workspace: &Workspace, found: &mut Vec<String>) {
    for member in workspace.direct.keys().filter(|member| allowed(member).is_none()) {
        found.push(format!("{member} has no place in the rules yet"));
    }
}

fn forbidden_neighbours(workspace: &Workspace, found: &mut Vec<String>) {
    for (member, named) in &workspace.direct {
        let allowed = allowed(member).unwrap_or_default();
        let ours = named.iter().filter(|name| workspace.direct.contains_key(*name));
        for other in ours.filter(|other| !allowed.contains(&other.as_str())) {
            found.push(format!("{member} must not know {other}"));
        }
    }
}

/// The core and the ports touch nothing outside, however indirectly.
fn purity(workspace: &Workspace, found: &mut Vec<String>) {
    for pure in ["order-core", "order-ports"] {
        // The laws of the ports run on tokio's clock; they are no part of the ports themselves.
        let excused = |name: &str| pure == "order-ports" && PORT_LAWS.contains(&name);
        let reached = workspace.reachable.get(pure).into_iter().flatten();
        for outside in reached.filter(|name| OUTSIDE.contains(&name.as_str()) && !excused(name)) {
            found.push(format!("{pure} must not reach {outside}"));
        }
    }
    let named = workspace.direct.get("order-application").into_iter().flatten();
    for outside in named.filter(|name| OUTSIDE.contains(&name.as_str()) && *name != "tokio") {
        found.push(format!("order-application must not name {outside}"));
    }
}

/// What the feature `contract` of the ports brings with it.
const PORT_LAWS: [&str; 3] = ["tokio", "mio", "socket2"];

fn ownership(workspace: &Workspace, found: &mut Vec<String>) {
    for (member, named) in &workspace.direct {
        for (owned, owners) in OWNED {
            if named.contains(owned) && !owners.contains(&member.as_str()) {
                found.push(format!("{member} must not name {owned}"));
            }
        }
    }
}

#[test]
fn this_workspace_keeps_the_rules() {
    assert_eq!(violations(&Workspace::real()), Vec::<String>::new());
}

#[test]
fn every_rule_is_about_a_crate_that_exists() {
    let workspace = Workspace::real();
    for (member, _) in MEMBERS {
        assert!(workspace.direct.contains_key(member), "{member} is gone");
    }
}

#[track_caller]
fn assert_bites(members: &[(&str, &[&str])], expected: &str) {
    assert_eq!(violations(&Workspace::fake(members)), [expected]);
}

#[test]
fn a_new_crate_needs_a_place() {
    assert_bites(
        &[("order-gossip", &[])],
        "order-gossip has no place in the rules yet",
    );
}

#[test]
fn the_core_knows_none_of_the_others() {
    assert_bites(
        &[("order-core", &["order-ports"]), ("order-ports", &[])],
        "order-core must not know order-ports",
    );
}

#[test]
fn the_core_does_no_io_however_indirectly() {
    assert_bites(&[("order-core", &["tokio"])], "order-core must not reach tokio");
    let indirectly = Workspace::fake(&[("order-core", &["helper"]), ("helper", &["mio"])]);
    assert!(violations(&indirectly).contains(&"order-core must not reach mio".to_owned()));
}

#[test]
fn the_application_names_no_adapter() {
    for adapter in [
        "order-memory",
        "order-postgres",
        "order-redis",
        "order-mock-dex",
        "order-http",
        "order-metrics",
        "order-traces",
    ] {
        let expected = format!("order-application must not know {adapter}");
        assert_bites(&[("order-application", &[adapter]), (adapter, &[])], &expected);
    }
    assert_bites(
        &[("order-application", &["reqwest"])],
        "order-application must not name reqwest",
    );
}

#[test]
fn adapters_do_not_know_each_other() {
    assert_bites(
        &[("order-postgres", &["order-memory"]), ("order-memory", &[])],
        "order-postgres must not know order-memory",
    );
    assert_bites(
        &[
            ("order-memory", &["order-application"]),
            ("order-application", &[]),
        ],
        "order-memory must not know order-application",
    );
}

#[test]
fn nobody_but_the_tests_knows_the_bootstrap() {
    assert_bites(
        &[("order-http", &["order-bootstrap"]), ("order-bootstrap", &[])],
        "order-http must not know order-bootstrap",
    );
}

#[test]
fn a_crate_that_is_one_parts_business_stays_there() {
    for (owned, owners) in OWNED {
        let expected = format!("order-memory must not name {owned}");
        assert_bites(&[("order-memory", &[owned])], &expected);
        for owner in owners {
            assert_eq!(
                violations(&Workspace::fake(&[(owner, &[owned])])),
                Vec::<String>::new()
            );
        }
    }
}
