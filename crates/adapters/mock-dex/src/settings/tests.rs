use super::*;
use order_ports::contract::fixtures::{METEORA, RAYDIUM};

fn parse(text: &str) -> MarketSettings {
    toml::from_str(text).unwrap()
}

fn opened(settings: &MarketSettings, tokens: &TokenRegistry) -> Vec<ListedPool> {
    let planned = settings.open_venues(tokens).unwrap().pools;
    planned.into_iter().map(|planned| planned.pool).collect()
}

#[test]
fn the_default_market_has_every_pair_on_offer() {
    let tokens = TokenRegistry::default();
    let pools = opened(&MarketSettings::default(), &tokens);
    for (base, quote) in [
        ("SOL", "USDC"),
        ("ETH", "USDC"),
        ("RAY", "USDC"),
        ("JUP", "USDC"),
        ("BONK", "USDC"),
        ("USDT", "USDC"),
        ("RAY", "SOL"),
        ("JUP", "SOL"),
    ] {
        let venues = pools
            .iter()
            .filter(|pool| pool.base.symbol.as_str() == base && pool.quote.symbol.as_str() == quote)
            .map(|pool| pool.venue)
            .collect::<std::collections::BTreeSet<_>>();
        assert_eq!(venues.len(), 2, "{base}/{quote}");
    }
    let ids = pools
        .iter()
        .map(|pool| &pool.id)
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids.len(), pools.len());
}

#[test]
fn a_configured_list_replaces_that_venues_pools_only() {
    let settings = parse(
        r#"
        profile = "instant"
        price = "frozen"
        seed = 42
        [[raydium.pools]]
        base = "sol"
        quote = "USDC"
        base_reserve = "50000"
        quote_reserve_raw = "7500000000000"
        fee_rate = 2500
        "#,
    );
    let pools = opened(&settings, &TokenRegistry::default());
    let raydium: Vec<_> = pools.iter().filter(|pool| pool.venue == RAYDIUM).collect();
    assert_eq!(raydium.len(), 1);
    assert_eq!(
        raydium[0].pool.reserves(),
        Ok((50_000_000_000_000, 7_500_000_000_000))
    );
    assert!(pools.len() > 1);
}

#[test]
fn a_pool_of_bins_is_read_as_documented() {
    let settings = parse(
        r#"
        [[meteora.pools]]
        base = "SOL"
        quote = "USDC"
        bin_step = 10
        active_id = -1898
        base_factor = 10000
        bins = [{ id = -1898, base = "150", quote = "30000" }, { id = -1899, quote = "60000" }, { id = -1897, base = "400" }]
        "#,
    );
    let pools = opened(&settings, &TokenRegistry::default());
    let bins = pools.iter().find(|pool| pool.venue == METEORA).unwrap();
    assert_eq!(bins.pool.reserves(), Ok((550_000_000_000, 90_000_000_000)));
}

#[test]
fn every_mistake_is_told_with_its_key() {
    let settings = parse(
        r#"
        [[raydium.pools]]
        base = "SOL"
        quote = "DOGE"
        fee_rate = 2500
        [[raydium.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = "0.0000000001"
        quote_reserve = "1"
        fee_rate = 1000000
        [[raydium.pools]]
        base = "SOL"
        quote = "USDC"
        quote_reserve = "1"
        quote_reserve_raw = "1"
        fee_rate = 1
        [[raydium.pools]]
        base = "SOL"
        quote = "SOL"
        base_reserve = "0"
        quote_reserve_raw = "0.5"
        fee_rate = 1
        [[meteora.pools]]
        base = "SOL"
        quote = "USDC"
        bin_step = 10
        active_id = 0
        bins = [{ id = 1, quote = "1" }, { id = 1, base = "1" }]
        [[meteora.pools]]
        base = "DOGE"
        quote = "USDC"
        bin_step = 10
        active_id = 0
        bins = [{ id = 1, quote = "1", base = "1" }]
        "#,
    );
    let error = settings.validate(&TokenRegistry::default()).unwrap_err();
    let keys: Vec<_> = error.issues.iter().map(|issue| issue.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "venues.raydium.pools[0].quote",
            "venues.raydium.pools[0].base_reserve",
            "venues.raydium.pools[0].quote_reserve",
            "venues.raydium.pools[1].fee_rate",
            "venues.raydium.pools[1].base_reserve",
            "venues.raydium.pools[2].base_reserve",
            "venues.raydium.pools[2].quote_reserve",
            "venues.raydium.pools[3].quote",
            "venues.raydium.pools[3].base_reserve",
            "venues.raydium.pools[3].quote_reserve_raw",
            "venues.meteora.pools[0].bins[0].quote",
            "venues.meteora.pools[0].bins[1].id",
            "venues.meteora.pools[1].base",
            "venues.meteora.pools[1].bins[0].quote",
        ],
        "{error}"
    );
}

#[test]
fn a_misspelt_key_is_refused() {
    assert!(toml::from_str::<MarketSettings>("profil = \"instant\"").is_err());
    assert!(toml::from_str::<MarketSettings>("[raydium]\npool = []").is_err());
    assert!(toml::from_str::<MarketSettings>("[fualts]\ndown = true").is_err());
}

#[test]
fn a_section_with_a_curve_and_pools_is_a_venue() {
    let settings = parse(
        r#"
        [orca]
        curve = "constant_product"
        [[orca.pools]]
        base = "SOL"
        quote = "USDC"
        base_reserve = "60000"
        quote_reserve = "9000000"
        fee_rate = 400
        "#,
    );
    let planned = settings.open_venues(&TokenRegistry::default()).unwrap();
    let names: Vec<_> = planned.venues.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Raydium", "Meteora", "Orca"]);
    let pool = &planned.pools.last().unwrap().pool;
    assert_eq!((&*pool.id.0, pool.venue.as_str()), ("orca-sol-usdc-400", "Orca"));
}

#[test]
fn a_venue_has_a_curve_and_a_name_of_its_own() {
    for (text, problem) in [
        ("[orca]\npools = []", "missing field `curve`"),
        ("[orca]\ncurve = \"straight\"", "unknown variant `straight`"),
        ("[orca]\ncurve = \"bins\"\nfees = 1", "unknown field `fees`"),
    ] {
        let error = toml::from_str::<MarketSettings>(text).unwrap_err();
        assert!(error.message().contains(problem), "{text}: {error}");
    }
    let settings =
        parse("[a_name_that_is_too_long]\ncurve = \"bins\"\n[orca]\ncurve = \"bins\"\nname = \"RAYDIUM\"");
    let error = settings.validate(&TokenRegistry::default()).unwrap_err();
    let keys: Vec<_> = error.issues.iter().map(|issue| issue.key.as_str()).collect();
    assert_eq!(keys, ["venues.a_name_that_is_too_long", "venues.orca"], "{error}");
}
