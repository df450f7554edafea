//! The reply to an accepted order.

use order_application::Submission;
use order_core::id::OrderId;
use order_core::order::Status;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::text::{Id, Name, StatusName, Text};

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
#[oai(
    rename = "Accepted",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedView {
    /// Always true.
    success: bool,
    /// For people.
    message: String,
    /// The order's id. The same as before when the request was sent before.
    order_id: Text<Id>,
    /// Your own id of the order, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_order_id: Option<Text<Name>>,
    /// Where the order stands: pending, unless the request was sent before.
    status: Text<StatusName>,
    /// Where it can be found.
    links: Links,
}

/// The path of an order.
pub fn order_path(id: OrderId) -> String {
    format!("/api/orders/{id}")
}

impl From<&Submission> for AcceptedView {
    fn from(submission: &Submission) -> Self {
        let (id, status) = (submission.order_id, submission.status.as_str());
        let message = if submission.replayed {
            format!("Order was received before: {status}")
        } else {
            "Order received successfully".to_owned()
        };
        Self {
            success: true,
            message,
            order_id: Text::of(id),
            client_order_id: submission.client_order_id.as_ref().map(Text::of),
            status: Text::name(status),
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
        Self::from(&Submission {
            order_id: super::example::id(),
            client_order_id: None,
            status: Status::Pending,
            replayed: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reply_names_the_order_and_its_endpoints() {
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

    #[test]
    fn the_reply_to_a_repeated_request_says_what_has_become_of_the_order() {
        let again = Submission {
            order_id: OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e")),
            client_order_id: Some("mine".parse().unwrap()),
            status: Status::Cancelled,
            replayed: true,
        };
        let reply = serde_json::to_value(AcceptedView::from(&again)).unwrap();
        assert_eq!(reply["status"], "cancelled");
        assert_eq!(reply["clientOrderId"], "mine");
        assert_eq!(reply["message"], "Order was received before: cancelled");
    }
}
