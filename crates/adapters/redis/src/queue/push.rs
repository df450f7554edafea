//! Adding entries, and putting back those that were taken and not handed out.

use order_ports::{Delivery, WorkHint};
use redis::Pipeline;

use crate::error::RedisUnavailable;
use crate::keys::{Entry, FIELD, GROUP, Keys};
use crate::link::{Ask, Link};

/// How many entries are asked for at once at most. All of them must be answered within the patience, which is
/// meant for a server that is slow, not for a caller that has much to add.
const PORTION: usize = 500;

/// Adds an entry for each hint. When it fails, some may have been added.
pub(crate) async fn push(link: &Link, keys: &Keys, hints: &[WorkHint]) -> Result<(), RedisUnavailable> {
    for pipelines in portions(keys, hints) {
        send(link, pipelines).await?;
    }
    Ok(())
}

/// What adds these hints, in portions; in each, a pipeline for each shard: a cluster takes none that goes to several
/// slots.
fn portions(keys: &Keys, hints: &[WorkHint]) -> impl Iterator<Item = Vec<Pipeline>> {
    hints.chunks(PORTION).map(|portion| {
        let mut pipelines = vec![Pipeline::new(); keys.shards()];
        for hint in portion {
            let shard = keys.shard_of(hint.order_id);
            let stream = &keys.of_shard(shard)[hint.priority.index()];
            add(&mut pipelines[shard], stream, hint);
        }
        pipelines
    })
}

/// Makes deliveries waiting entries again, at the end of their streams.
pub(crate) async fn put_back(
    link: &Link,
    keys: &Keys,
    deliveries: &[Delivery],
) -> Result<(), RedisUnavailable> {
    let mut pipelines = vec![Pipeline::new(); keys.shards()];
    for delivery in deliveries {
        // The receipts are this queue's own.
        let Some(Entry { shard, priority, id }) = Entry::of(&delivery.receipt, keys) else {
            continue;
        };
        let (pipeline, stream) = (&mut pipelines[shard], &keys.of_shard(shard)[priority.index()]);
        pipeline.atomic();
        add(pipeline, stream, &delivery.hint);
        pipeline.cmd("XACK").arg(stream).arg(GROUP).arg(id).ignore();
        pipeline.cmd("XDEL").arg(stream).arg(id).ignore();
    }
    send(link, pipelines).await
}

fn add(pipeline: &mut Pipeline, stream: &str, hint: &WorkHint) {
    // No MAXLEN: it would drop entries that somebody still works on.
    pipeline
        .cmd("XADD")
        .arg(stream)
        .arg("*")
        .arg(FIELD)
        .arg(hint.order_id.to_string())
        .ignore();
}

async fn send(link: &Link, pipelines: Vec<Pipeline>) -> Result<(), RedisUnavailable> {
    for pipeline in pipelines.iter().filter(|pipeline| !pipeline.is_empty()) {
        let _: () = link.ask(Ask::Pipeline(pipeline)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use order_core::priority::Priority;
    use order_ports::contract::fixtures::order_id;

    use super::*;
    use crate::settings::QueueName;

    #[test]
    fn much_is_asked_for_in_portions() {
        let keys = Keys::new(&QueueName::default(), 3);
        let hints: Vec<_> = (1..=1234)
            .map(|n| WorkHint {
                order_id: order_id(n),
                priority: Priority::Normal,
            })
            .collect();
        let sizes = portions(&keys, &hints).map(|pipelines| pipelines.iter().map(Pipeline::len).sum());
        assert_eq!(sizes.collect::<Vec<usize>>(), [500, 500, 234]);
        assert_eq!(portions(&keys, &[]).count(), 0);
    }
}
