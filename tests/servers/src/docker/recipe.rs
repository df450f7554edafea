//! How to run an image.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use testcontainers::{
    ContainerRequest, GenericImage, ImageExt,
    bollard::models::HostConfig,
    core::{IntoContainerPort, WaitFor},
};

/// How to run an image.
pub(crate) struct Recipe {
    /// Name and tag.
    pub(crate) image: String,
    /// The port inside.
    pub(crate) port: u16,
    /// What it writes when it is ready.
    pub(crate) ready: WaitFor,
    /// Its environment.
    pub(crate) env: Vec<(&'static str, String)>,
    /// Its command line.
    pub(crate) command: Vec<String>,
}

/// For a machine that is busy with other containers.
const READY_WITHIN: Duration = Duration::from_secs(120);

impl Recipe {
    /// The request for a container with this name, at this port of the host.
    pub(super) fn request(&self, port: u16, name: String) -> ContainerRequest<GenericImage> {
        let (image, tag) = name_and_tag(&self.image);
        let mut request = GenericImage::new(image, tag)
            .with_wait_for(self.ready.clone())
            .with_container_name(name)
            .with_mapped_port(port, self.port.tcp())
            .with_startup_timeout(READY_WITHIN)
            .with_cmd(self.command.clone());
        for (variable, value) in &self.env {
            request = request.with_env_var(*variable, value);
        }
        if engine_is_here() {
            request.with_host_config_modifier(close_to_others)
        } else {
            request
        }
    }
}

/// Whether the engine's ports are this process's 127.0.0.1: not on another machine, and not seen from
/// inside a container.
fn engine_is_here() -> bool {
    let elsewhere = std::env::var("DOCKER_HOST").is_ok_and(|address| !address.starts_with("unix:"));
    !elsewhere && !Path::new("/.dockerenv").exists()
}

/// By default the engine would let the whole network in.
fn close_to_others(config: &mut HostConfig) {
    let bindings = config
        .port_bindings
        .iter_mut()
        .flat_map(|ports| ports.values_mut())
        .flatten()
        .flatten();
    for binding in bindings {
        binding.host_ip = Some(Ipv4Addr::LOCALHOST.to_string());
    }
}

/// A colon before the last slash belongs to a registry's port.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}
