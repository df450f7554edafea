//! Mistakes beside mistakes: none hides another.

use super::*;

/// The keys of all mistakes.
fn wrong(inputs: &Inputs) -> Vec<String> {
    let issues = Config::load(inputs, Purpose::Serve(Role::All)).unwrap_err();
    issues.0.into_iter().map(|issue| issue.key).collect()
}

#[test]
fn what_is_wrong_with_one_pool_hides_nothing_of_itself_or_of_others() {
    let (inputs, _folder) = with_file(
        r#"
        [[venues.raydium.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = 1.5
        quote_reserve = "1"
        fee_rate = "much"
        [[venues.raydium.pools]]
        base = "SOL"
        base_reserve = "1"
        quote_reserve = "1"
        fee_rate = 1
        [[venues.raydium.pools]]
        base = "DOGE"
        quote = "USDC"
        base_reserve = "0"
        quote_reserve = "1"
        fee_rate = 1
        [[venues.raydium.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = true
        fee_rate = 1
        "#,
        &[],
    );
    assert_eq!(
        wrong(&inputs),
        [
            "venues.raydium.pools[0].base_reserve",
            "venues.raydium.pools[0].fee_rate",
            "venues.raydium.pools[1]",
            "venues.raydium.pools[3].base_reserve",
            "venues.raydium.pools[2].base",
            "venues.raydium.pools[2].base_reserve",
            "venues.raydium.pools[3].quote_reserve",
        ]
    );
}

#[test]
fn every_wrong_token_is_told() {
    let tokens = r#"tokens = [
        { symbol = "WIF", decimals = 19 },
        { symbol = "SOL", decimals = 6 },
        { symbol = "PYTH", decimals = 6 },
        { symbol = "PYTH", decimals = 8 },
    ]
    [[venues.raydium.pools]]
    base = "WIF"
    quote = "USDC"
    base_reserve = "1"
    quote_reserve = "0"
    fee_rate = 1"#;
    let inputs = Inputs {
        overrides: vec![tokens.into()],
        ..Inputs::default()
    };
    assert_eq!(
        wrong(&inputs),
        [
            "tokens[0]",
            "tokens[1]",
            "tokens[3]",
            "venues.raydium.pools[0].quote_reserve"
        ]
    );
}

#[test]
fn an_address_that_is_none_is_one_mistake_among_the_others() {
    for (host, database) in [
        ("999.1.1.1", "postgres://localhost:port/x"),
        ("a host", "postgres://localhost/x?sslmode=perhaps"),
        ("localhost:3000", "localhost"),
        ("[::1", "postgres://localhost/x?statement-cache-capacity=many"),
    ] {
        let inputs = inputs(&[
            ("HOST", host),
            ("DATABASE_URL", database),
            ("ORDER_ENGINE__ORDERS__SLIPPAGE_BPS", "10001"),
        ]);
        let mut wrong = wrong(&inputs);
        wrong.sort_unstable();
        assert_eq!(
            wrong,
            ["database.url", "orders.slippage_bps", "server.host"],
            "{host} {database}"
        );
    }
    for host in [
        "::1",
        "[::1]",
        "0.0.0.0",
        "localhost",
        "api_1.internal",
        "MÜNCHEN.de",
    ] {
        assert!(load(&inputs(&[("HOST", host)])).is_ok(), "{host}");
    }
}
