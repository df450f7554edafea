//! The reply to an accepted order.

use order_core::id::OrderId;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::text::{Id, StatusName, Text};

/// Where an accepted order can be found.
#[derive(Object, Serialize)]
struct Links {
    /// The order.
    #[oai(rename = "self")]
    #[serde(rename = "self")]
    order: String,
    /// Its events, as a list or as server-sent events.
    events: String,
    /// Its events on a WebSocket.
    ws: String,
}

/// The order is accepted, durably.
#[derive(Object, Serialize)]
#[oai(rename = "Accepted", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedView {
    /// Always true.
    success: bool,
    /// For people.
    message: String,
    /// The order's id. The same as before when the request was sent before.
    order_id: Text<Id>,
    /// Where an order begins.
    status: Text<StatusName>,
    /// Where it can be found.
    links: Links,
}

/// The path of an order.
pub fn order_path(id: OrderId) -> String {
    format!("/api/orders/{id}")
}

impl From<OrderId> for AcceptedView {
    fn from(id: OrderId) -> Self {
        Self {
            success: true,
            message: "Order received successfully".into(),
            order_id: Text::of(id),
            status: Text::name("pending"),
            links: Links {
                order: order_path(id),
                events: format!("/api/orders/{id}/events"),
                ws: format!("/ws/orders/{id}"),
            },
        }
    }
}

impl Example for AcceptedView {
    fn example() -> Self {
        let id = uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e");
        Self::from(OrderId::from_uuid(id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reply_names_the_order_and_its_doors() {
        let id = "ORD-01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e";
        assert_eq!(
            serde_json::to_value(AcceptedView::example()).unwrap(),
            json!({
                "success": true, "message": "Order received successfully", "orderId": id, "status": "pending",
                "links": {
                    "self": format!("/api/orders/{id}"),
                    "events": format!("/api/orders/{id}/events"),
                    "ws": format!("/ws/orders/{id}"),
                },
            })
        );
    }
}
