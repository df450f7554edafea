//! Forgetting what is gone: consumers, since every process that ever worked is one of each stream, and a restarted
//! one is a new one; and places in the hash of what is held whose entries vanished on another way than by the queue's
//! own scripts.

use std::time::Duration;

use redis::Script;
use tokio_util::sync::CancellationToken;

use crate::error::RedisUnavailable;
use crate::keys::GROUP;
use crate::link::RedisRequest;
use crate::server::RedisServer;

/// How often, at most.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(5));

/// Looks and deletes in one step: a consumer that is given an entry in between would take it along.
const FORGET: &str = "
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local field = {}
  for i = 1, #consumer, 2 do field[consumer[i]] = consumer[i + 1] end
  if field.pending == 0 and field.idle >= tonumber(ARGV[2]) and (ARGV[3] == '' or ARGV[3] == field.name) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], field.name)
  end
end
return redis.status_reply('OK')";

/// Looks at so many orders of a shard at once. What is not looked at now is later, and does no harm: a push finds
/// that the entry is gone.
const TIDY: &str = "
local removed = 0
local sample = redis.call('HRANDFIELD', KEYS[#KEYS], ARGV[1], 'WITHVALUES')
for i = 1, #sample, 2 do
  local stream, entry = string.match(sample[i + 1], '^(%d+)/([%d-]+)')
  local key = KEYS[tonumber(stream)]
  if not key or #redis.call('XRANGE', key, entry, entry) == 0 then
    removed = removed + redis.call('HDEL', KEYS[#KEYS], sample[i])
  end
end
return removed";
const SAMPLE: usize = 1_000;

/// Forgets, now and then, until stopped.
pub(crate) async fn run(server: RedisServer, stop: CancellationToken) {
    let forget_after = server.settings().forget_after;
    let (shortest, longest) = INTERVALS;
    let interval = (forget_after / 2).clamp(shortest, longest);
    while stop
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        for tidied in [forget(&server, forget_after, None).await, tidy(&server).await] {
            if let Err(error) = tidied {
                tracing::debug!(error = &error as &dyn std::error::Error, "not tidied up");
            }
        }
    }
}

/// Forgets the consumers that hold nothing and were not heard of for so long; or only that one.
pub(crate) async fn forget(
    server: &RedisServer,
    idle: Duration,
    only: Option<&str>,
) -> Result<(), RedisUnavailable> {
    let script = Script::new(FORGET);
    for stream in server.keys().all() {
        let mut invocation = script.key(stream);
        invocation
            .arg(GROUP)
            .arg(u64::try_from(idle.as_millis()).unwrap_or(u64::MAX))
            .arg(only.unwrap_or(""));
        let _: () = server.ask_rarely(RedisRequest::Script(&invocation)).await?;
    }
    Ok(())
}

/// Forgets places whose entries are gone.
async fn tidy(server: &RedisServer) -> Result<(), RedisUnavailable> {
    let (script, keys) = (Script::new(TIDY), server.keys());
    for shard in 0..keys.shards() {
        let mut invocation = script.key(keys.of_shard(shard));
        invocation.key(keys.held(shard)).arg(SAMPLE);
        let removed: u64 = server.ask_rarely(RedisRequest::Script(&invocation)).await?;
        if removed > 0 {
            tracing::info!(removed, "forgot orders whose entries are gone");
        }
    }
    Ok(())
}
