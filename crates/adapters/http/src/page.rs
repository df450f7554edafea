//! The page at the root: its files are part of the binary, and it loads nothing from anywhere else.
//!
//! A debug build reads them from the disk, so that they can be worked on without building.

use std::collections::HashMap;

use http::header;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, StatusCode};
use poem::{EndpointExt, Request, Response};
use rust_embed::{Embed, EmbeddedFile};

use crate::wire::problem::Problem;

#[derive(Embed)]
#[folder = "page/"]
struct Files;

/// The page itself.
const INDEX: &str = "index.html";

/// Nothing but what comes from here, and nothing inline: a name in an order cannot become a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Every file under its path.
pub fn routes() -> Vec<(String, HashMap<Method, BoxEndpoint<'static>>)> {
    let route = |path: String, file: String| (path, HashMap::from([(Method::GET, serve(file))]));
    let mut routes: Vec<_> = Files::iter()
        .filter(|file| file != INDEX)
        .map(|file| route(format!("/page/{file}"), file.into()))
        .collect();
    routes.push(route("/".into(), INDEX.into()));
    routes
}

fn serve(file: String) -> BoxEndpoint<'static> {
    make_sync(move |request: Request| match Files::get(&file) {
        Some(found) => respond(&request, &file, found),
        None => poem::IntoResponse::into_response(Problem::not_found()),
    })
    .boxed()
}

fn respond(request: &Request, name: &str, file: EmbeddedFile) -> Response {
    let tag = tag(&file);
    let response = Response::builder()
        .header(header::ETAG, &tag)
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::CONTENT_SECURITY_POLICY, POLICY);
    if request.header(header::IF_NONE_MATCH) == Some(&tag) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response
        .content_type(content_type(name))
        .body(file.data.into_owned())
}

/// The same for the same content, whatever build it comes from.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_type_that_a_browser_takes() {
        let unknown: Vec<_> = Files::iter()
            .filter(|name| content_type(name) == "application/octet-stream")
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(Files::get(INDEX).is_some());
    }

    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        let index = Files::get(INDEX).unwrap();
        let text = String::from_utf8_lossy(&index.data).into_owned();
        for forbidden in ["<style", "style=", "<script>", "onclick", "http://", "https://"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }
}
