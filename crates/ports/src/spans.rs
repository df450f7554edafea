//! Under which name the use cases open the spans of an order's trace.
//!
//! They open them by `tracing`, at its lowest level, whether or not anybody collects them: a span that nobody wants
//! costs the look at a flag. Whoever collects them listens for this name, and says whose trace they belong to.

/// The target of the spans that make up an order's trace.
pub const SPANS: &str = "order_spans";
