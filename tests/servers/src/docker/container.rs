//! One container: run, awaited, stopped, started again, removed.

use std::net::Ipv4Addr;

use testcontainers::{
    ContainerAsync, GenericImage, ImageExt, TestcontainersError, core::client::ClientError,
    runners::AsyncRunner,
};

use super::{Recipe, janitor::Janitor, log::Log};
use crate::{error::ServerError, local::free_port, runtime::off_the_runtime};

/// A running container. It is removed with this value, or by the janitor.
pub(crate) struct Container {
    container: Option<Box<ContainerAsync<GenericImage>>>,
    janitor: Option<Janitor>,
    log: Log,
    image: String,
    host: String,
    port: u16,
}

impl Container {
    /// Runs it on a port of the host that was free a moment ago, with another when it was taken in
    /// between. The port is chosen here, and not by the engine, so that a restart keeps it.
    pub(crate) async fn run(recipe: &Recipe) -> Result<Self, ServerError> {
        const ATTEMPTS: u32 = 3;
        let mut attempt = 1;
        loop {
            match Self::run_once(recipe).await {
                Err(error) if attempt < ATTEMPTS && port_was_taken(&error) => attempt += 1,
                other => return other,
            }
        }
    }

    async fn run_once(recipe: &Recipe) -> Result<Self, ServerError> {
        let name = format!("order-test-{}", uuid::Uuid::now_v7().simple());
        let port = free_port().map_err(ServerError::machine("find a free port"))?;
        let log = Log::default();
        let janitor = Janitor::of(&name).map_err(ServerError::machine("run /bin/sh"))?;
        // On an error the janitor is dropped, undismissed, and removes what may have been created.
        let container = match recipe
            .request(port, name)
            .with_log_consumer(log.consumer())
            .start()
            .await
        {
            Ok(container) => container,
            Err(source) => return Err(refused("run", &recipe.image, &log, source).await),
        };
        let host = match container.get_host().await {
            Ok(host) => ipv4(host.to_string()),
            Err(source) => return Err(refused("reach", &recipe.image, &log, source).await),
        };
        let image = recipe.image.clone();
        Ok(Self {
            container: Some(Box::new(container)),
            janitor: Some(janitor),
            log,
            image,
            host,
            port,
        })
    }

    /// Where the host reaches it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port there, the same after a restart.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, as a crash would, and returns when it is gone. Its files stay.
    pub(crate) async fn stop_immediate(&self) -> Result<(), ServerError> {
        let Some(container) = &self.container else {
            return Ok(());
        };
        match container.stop_with_timeout(Some(0)).await {
            Err(source) => Err(refused("stop", &self.image, &self.log, source).await),
            Ok(()) => Ok(()),
        }
    }

    /// Starts it again; it need not be ready yet.
    pub(crate) async fn start_again(&self) -> Result<(), ServerError> {
        let Some(container) = &self.container else {
            return Ok(());
        };
        match container.start().await {
            Err(source) => Err(refused("start", &self.image, &self.log, source).await),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Removing is asynchronous and this is not, and the test's runtime may be gone: hence the
        // thread. Only if it succeeds is the janitor sent away.
        let container = self.container.take();
        if off_the_runtime(async move { (*container?).rm().await.ok() }).is_some()
            && let Some(janitor) = self.janitor.take()
        {
            janitor.dismiss();
        }
    }
}

/// The name may mean ::1, where the engine need not listen.
fn ipv4(host: String) -> String {
    if host == "localhost" {
        Ipv4Addr::LOCALHOST.to_string()
    } else {
        host
    }
}

fn port_was_taken(error: &ServerError) -> bool {
    matches!(error, ServerError::Container { source, .. } if source.to_string().contains("already"))
}

async fn refused(doing: &'static str, image: &str, log: &Log, source: TestcontainersError) -> ServerError {
    let (image, source) = (image.to_owned(), Box::new(source));
    match *source {
        TestcontainersError::Client(ClientError::PullImage { .. }) => ServerError::NoImage { image, source },
        _ => ServerError::Container {
            doing,
            image,
            log: log.text().await,
            source,
        },
    }
}
