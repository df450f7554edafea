//! Servers in containers of a Docker engine.

mod container;
mod engine;
mod janitor;
mod log;
mod recipe;

pub(crate) use container::Container;
pub(crate) use engine::answers;
pub(crate) use recipe::Recipe;
