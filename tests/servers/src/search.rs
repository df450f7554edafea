//! Which sources of a server may be tried.

use std::env;

use url::Url;

use crate::{docker, error::ServerError, source::Source};

/// The environment variable that allows one source alone.
const FORCE: &str = "TEST_SERVERS";

/// The search for one server: what the environment allows, and what was tried.
pub(crate) struct Search {
    forced: Option<Source>,
    given: Option<Url>,
    tried: Vec<String>,
}

impl Search {
    /// Reads `TEST_SERVERS` and the variable that may hold a given server's address. A private server
    /// is never the given one.
    pub(crate) fn from_env(variable: &'static str, private: bool) -> Result<Self, ServerError> {
        let forced = filled(FORCE).as_deref().map(parse).transpose()?;
        let may_be_given = !private && matches!(forced, None | Some(Source::Given));
        let given = filled(variable)
            .filter(|_| may_be_given)
            .map(|text| Url::parse(&text).map_err(|source| ServerError::BadUrl { variable, source }))
            .transpose()?;
        match (forced, &given) {
            (Some(Source::Given), None) if private => Err(ServerError::Unsupported {
                operation: "have it for one test alone",
                by: Source::Given,
            }),
            (Some(Source::Given), None) => Err(ServerError::NotGiven(variable)),
            _ => Ok(Self {
                forced,
                given,
                tried: Vec::new(),
            }),
        }
    }

    /// The given server's address. It ends the search: naming a server means that one.
    pub(crate) fn given(&mut self) -> Option<Url> {
        self.given.take()
    }

    /// What an engine runs, or nothing where there is no engine, or no image for it. A container that
    /// runs and fails ends the search: another source would hide that.
    pub(crate) async fn docker<T>(
        &mut self,
        run: impl Future<Output = Result<T, ServerError>>,
    ) -> Result<Option<T>, ServerError> {
        if !self.allows(Source::Docker) {
            return Ok(None);
        }
        let made = match docker::answers().await {
            Ok(()) => run.await,
            Err(error) => Err(error),
        };
        match made {
            Err(error) if matches!(error, ServerError::NoEngine { .. } | ServerError::NoImage { .. }) => {
                self.tried.push(error.in_full());
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// The machine's own binaries, or nothing where they are missing.
    pub(crate) fn local<B>(&mut self, find: impl FnOnce() -> Result<B, ServerError>) -> Option<B> {
        if !self.allows(Source::Local) {
            return None;
        }
        find().map_err(|error| self.tried.push(error.in_full())).ok()
    }

    /// The end of a search that found nothing.
    pub(crate) fn failed(self, server: &'static str, install: &'static str) -> ServerError {
        ServerError::NoneAvailable {
            server,
            install,
            tried: self.tried,
        }
    }

    fn allows(&self, source: Source) -> bool {
        self.forced.is_none_or(|forced| forced == source)
    }
}

fn filled(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.trim().is_empty())
}

fn parse(word: &str) -> Result<Source, ServerError> {
    match word.trim() {
        "given" => Ok(Source::Given),
        "docker" => Ok(Source::Docker),
        "local" => Ok(Source::Local),
        other => Err(ServerError::UnknownSource(other.to_owned())),
    }
}
