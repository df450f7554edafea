//! Finding out in the end what became of the orders.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::dialect::Dialect;
use crate::error::Fault;
use crate::http::Connection;
use crate::options::Follow;
use crate::orders::Orders;
use crate::stamps::{Epoch, Stamped};
use crate::target::Target;

/// How often it is looked whether something has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long a follower may tell nothing before the orders themselves are asked.
const SILENCE: Duration = Duration::from_secs(2);
/// Between two rounds over the orders that are still open.
const ROUND: Duration = Duration::from_millis(100);

/// Reads what became of orders.
pub(crate) struct Settling {
    pub(crate) target: Arc<Target>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) epoch: Epoch,
    pub(crate) connections: usize,
    pub(crate) patience: Duration,
}

impl Settling {
    /// Waits until every order has ended, or for as long as patience lasts.
    pub(crate) async fn settle(self, follow: Follow) {
        let deadline = Instant::now() + self.patience;
        match follow {
            Follow::Nothing => return,
            Follow::Drain => self.await_newest(deadline).await,
            Follow::Feed | Follow::Each(_) => self.await_follower(deadline).await,
        }
        while self.orders.open_count() > 0 && Instant::now() < deadline {
            self.read_all().await;
            if self.orders.open_count() > 0 {
                sleep(ROUND).await;
            }
        }
    }

    /// While the follower brings news, it is cheaper than asking.
    async fn await_follower(&self, deadline: Instant) {
        let (mut open, mut since) = (usize::MAX, Instant::now());
        while Instant::now() < deadline && since.elapsed() < SILENCE {
            let now_open = self.orders.open_count();
            if now_open == 0 {
                return;
            }
            if now_open < open {
                (open, since) = (now_open, Instant::now());
            }
            sleep(LOOK).await;
        }
    }

    /// Orders end about in the order in which they were accepted: while the newest is open, it is too early to
    /// look for the others.
    async fn await_newest(&self, deadline: Instant) {
        let Some(newest) = self.orders.newest() else {
            return;
        };
        let mut connection = Connection::new(Arc::clone(&self.target));
        while Instant::now() < deadline {
            match read(&mut connection, &newest).await {
                Ok(order) if order.end(self.epoch).is_some() => return,
                Ok(_) => {}
                Err(fault) => self.orders.fault(&fault),
            }
            sleep(LOOK).await;
        }
    }

    /// Reads every open order once.
    async fn read_all(&self) {
        let ids = Arc::new(Mutex::new(self.orders.open()));
        let mut readers = JoinSet::new();
        for _ in 0..self.connections {
            let (ids, orders, epoch) = (Arc::clone(&ids), Arc::clone(&self.orders), self.epoch);
            let mut connection = Connection::new(Arc::clone(&self.target));
            readers.spawn(async move {
                while let Some(id) = next(&ids) {
                    match read(&mut connection, &id).await {
                        Ok(order) => {
                            if let Some(end) = order.end(epoch) {
                                orders.ended(&id, end);
                            }
                        }
                        Err(fault) => orders.fault(&fault),
                    }
                }
            });
        }
        while readers.join_next().await.is_some() {}
    }
}

fn next(ids: &Mutex<Vec<String>>) -> Option<String> {
    ids.lock().pop()
}

async fn read(connection: &mut Connection, id: &str) -> Result<Stamped, Fault> {
    let order = connection.get(&Dialect::order(id)).await?;
    Ok(serde_json::from_slice(&order)?)
}
