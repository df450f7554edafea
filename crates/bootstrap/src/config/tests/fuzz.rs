//! Whatever stands in a file or a variable is a configuration or a mistake that is told, without what is secret.

use super::*;

const INPUTS: usize = 300;

const KEYS: [&str; 12] = [
    "server.port",
    "server.host",
    "server.allowed_origins",
    "limits.address_rate",
    "limits.request_timeout",
    "queue.name",
    "queue.backoff",
    "orders.slippage_bps",
    "database.url",
    "redis.url",
    "tokens",
    "venues.raydium.pools",
];
const VALUES: [&str; 13] = [
    "1",
    "-1",
    "1.5",
    "true",
    "\"\"",
    "\"2s\"",
    "\"99999999999999999999s\"",
    "[]",
    "[{}]",
    "{}",
    "\"postgres://a:hunter2-do-not-print@h/d\"",
    "\"redis://:hunter2-do-not-print@h\"",
    "9223372036854775807",
];

#[test]
fn files_and_variables() {
    let inputs = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<(Vec<(u8, u8)>, u8, String)>();
    inputs.for_each(|(settings, variable, noise)| {
        let line = |(key, value): &(u8, u8)| {
            format!(
                "{} = {}",
                KEYS[usize::from(*key) % KEYS.len()],
                VALUES[usize::from(*value) % VALUES.len()]
            )
        };
        let name = KEYS[usize::from(*variable) % KEYS.len()];
        let name = format!("ORDER_ENGINE__{}", name.to_uppercase().replace('.', "__"));
        let (mut inputs, _folder) = with_file(&noise.replace('\0', ""), &[(&name, noise)]);
        inputs.overrides = settings.iter().map(line).collect();
        match load(&inputs) {
            Ok(loaded) => assert!(!format!("{loaded:?}").contains(SECRET)),
            Err(issues) => assert!(!issues.to_string().contains(SECRET), "{issues}"),
        }
    });
}
