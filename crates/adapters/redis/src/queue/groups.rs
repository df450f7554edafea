//! The consumer groups: made at the start, and again after a flush.

use redis::aio::ConnectionLike;
use redis::{Pipeline, RedisError, RedisResult, Value};

use crate::error::RedisUnavailable;
use crate::keys::{GROUP, Keys};
use crate::link::{Link, RedisRequest};

/// Makes every group that is not there.
pub(crate) async fn make(link: &Link, keys: &Keys) -> Result<(), RedisUnavailable> {
    for shard in 0..keys.shards() {
        let answers: Vec<RedisResult<Value>> =
            link.ask(RedisRequest::Pipeline(&creation(keys, shard))).await?;
        check_response(answers)?;
    }
    Ok(())
}

/// As [`make`], on this connection.
pub(crate) async fn make_on(connection: &mut (impl ConnectionLike + Send), keys: &Keys) -> RedisResult<()> {
    for shard in 0..keys.shards() {
        let answers: Vec<RedisResult<Value>> = creation(keys, shard).query_async(connection).await?;
        check_response(answers)?;
    }
    Ok(())
}

fn creation(keys: &Keys, shard: usize) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for stream in keys.of_shard(shard) {
        // From the beginning of the stream: what was pushed after a flush is not to be passed over.
        pipeline
            .cmd("XGROUP")
            .arg("CREATE")
            .arg(stream)
            .arg(GROUP)
            .arg("0")
            .arg("MKSTREAM");
    }
    pipeline.ignore_errors();
    pipeline
}

fn check_response(answers: Vec<RedisResult<Value>>) -> RedisResult<()> {
    answers.into_iter().try_for_each(|answer| match answer {
        Ok(_) => Ok(()),
        Err(error) if is_there_already(&error) => Ok(()),
        Err(error) => Err(error),
    })
}

fn is_there_already(error: &RedisError) -> bool {
    error.code() == Some("BUSYGROUP")
}
