//! Which venues there are, over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use order_core::failure::VenueError;
use order_core::venue::VenueListing;
use order_ports::VenueCatalogue;
use parking_lot::Mutex;

use super::http::{Http, RemoteError};
use crate::wire::VenuesAnswer;

pub(super) struct RemoteCatalogue {
    http: Arc<Http>,
    last: Mutex<Option<Vec<VenueListing>>>,
}

impl RemoteCatalogue {
    pub(super) fn new(http: Arc<Http>) -> Self {
        Self {
            http,
            last: Mutex::default(),
        }
    }

    /// The venues as their server lists them now.
    pub(super) async fn ask(&self) -> Result<Vec<VenueListing>, RemoteError> {
        let answer: VenuesAnswer = self.http.get("venues", self.http.timeouts.ask).await?;
        Ok(self.last.lock().insert(answer.venues).clone())
    }
}

#[async_trait]
impl VenueCatalogue for RemoteCatalogue {
    async fn venues(&self) -> Result<Vec<VenueListing>, VenueError> {
        match self.ask().await {
            Ok(venues) => Ok(venues),
            // Venues do not change while their server is away.
            Err(error) => self.last.lock().clone().ok_or_else(|| error.harmless()),
        }
    }
}
