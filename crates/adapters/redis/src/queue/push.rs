//! Adding entries, and putting back those that were taken and not handed out.

use order_ports::{Delivery, WorkHint};
use redis::Pipeline;

use crate::error::RedisUnavailable;
use crate::keys::{Entry, FIELD, GROUP, Keys};
use crate::link::{Ask, Link};

/// Adds an entry for each hint.
pub(crate) async fn push(link: &Link, keys: &Keys, hints: &[WorkHint]) -> Result<(), RedisUnavailable> {
    // A pipeline for each shard: a cluster takes none that goes to several slots.
    let mut pipelines = vec![Pipeline::new(); keys.shards()];
    for hint in hints {
        let shard = keys.shard_of(hint.order_id);
        add(
            &mut pipelines[shard],
            &keys.of_shard(shard)[hint.priority.index()],
            hint,
        );
    }
    send(link, pipelines).await
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
