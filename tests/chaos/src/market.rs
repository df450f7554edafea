//! The market as a run moves it, through the venue's admin: prices cross the triggers of those who wait, and pools
//! open that are waited for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::rng::SeededRng;
use crate::tally::Tally;

/// A pair whose price is moved, in whole units of its quote token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub(crate) base: &'static str,
    pub(crate) quote: &'static str,
    low: u64,
    high: u64,
}

/// The pairs whose prices are moved. All triggers lie within these bands.
pub(crate) const BANDS: [Band; 2] = [
    Band {
        base: "SOL",
        quote: "USDC",
        low: 140,
        high: 160,
    },
    Band {
        base: "ETH",
        quote: "USDC",
        low: 2_800,
        high: 3_200,
    },
];

/// Pairs that nobody trades at first.
pub(crate) const LATE_PAIRS: [(&str, &str); 2] = [("JUP", "BONK"), ("RAY", "BONK")];

impl Band {
    /// A price within it.
    pub(crate) fn any_price(&self, rng: &SeededRng) -> String {
        let cents = self.any_cents(rng);
        format!("{}.{:02}", cents / 100, cents % 100)
    }

    /// What so many hundredths of the base token bring at a price within it.
    pub(crate) fn any_proceeds(&self, rng: &SeededRng, hundredths: u64) -> String {
        let proceeds = self.any_cents(rng) * hundredths;
        format!("{}.{:04}", proceeds / 10_000, proceeds % 10_000)
    }

    fn any_cents(&self, rng: &SeededRng) -> u64 {
        self.low * 100 + rng.below((self.high - self.low) * 100)
    }

    /// Prices beyond it, on either side.
    fn ends(&self) -> [String; 2] {
        [self.low * 95 / 100, self.high * 105 / 100].map(|price| price.to_string())
    }
}

/// Whoever moves the market.
pub(crate) struct Mover {
    url: String,
    http: reqwest::Client,
    tally: Arc<Tally>,
}

impl Mover {
    pub(crate) fn new(venue_url: &str, tally: Arc<Tally>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap_or_default();
        Self {
            url: venue_url.to_owned(),
            http,
            tally,
        }
    }

    /// Moves prices to and fro within their bands, and opens the late pairs one after the other; then
    /// [sweeps](Self::sweep).
    pub(crate) async fn wander(self, rng: SeededRng, until: Instant, stay: Duration) {
        let now = Instant::now();
        let part = until.saturating_duration_since(now) / 4;
        let mut openings = (1..)
            .zip(LATE_PAIRS)
            .map(|(number, pair)| (now + part * number, pair));
        let mut next = openings.next();
        while Instant::now() < until {
            tokio::time::sleep(rng.millis(100, 900)).await;
            let band = rng.one_of(&BANDS);
            self.move_to(&band, &band.any_price(&rng)).await;
            if let Some((at, pair)) = next
                && at <= Instant::now()
            {
                self.open(pair).await;
                next = openings.next();
            }
        }
        self.sweep(stay).await;
    }

    /// Opens what is not open yet, and moves prices from one end beyond their bands to the other, for ever: whoever
    /// waits for one of them is served in the end. They stay at an end for as long as a transaction takes to land.
    pub(crate) async fn sweep(self, stay: Duration) {
        let opened = usize::try_from(self.tally.pools_opened.get()).unwrap_or(usize::MAX);
        for pair in LATE_PAIRS.into_iter().skip(opened) {
            self.open(pair).await;
        }
        loop {
            for end in 0..2 {
                for band in &BANDS {
                    self.move_to(band, &band.ends()[end]).await;
                }
                tokio::time::sleep(stay).await;
            }
        }
    }

    async fn move_to(&self, band: &Band, price: &str) {
        let pair = format!("{}/{}", band.base, band.quote);
        if self.post("price", &json!({ "pair": pair, "price": price })).await {
            self.tally.price_moves.add();
        }
    }

    /// The venue server may be dead just now. A pool that was opened without anybody hearing of it is opened twice.
    async fn open(&self, (base, quote): (&str, &str)) {
        let pool = json!({
            "dex": "Raydium", "base": base, "quote": quote,
            "baseReserve": "1000000", "quoteReserve": "30000000000", "feeRate": 2_500,
        });
        while !self.post("pools", &pool).await {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        self.tally.pools_opened.add();
    }

    async fn post(&self, what: &str, body: &Value) -> bool {
        let answer = self
            .http
            .post(format!("{}/admin/{what}", self.url))
            .json(body)
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}
