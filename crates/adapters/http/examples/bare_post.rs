//! What the HTTP library alone can take: a POST whose JSON is read and answered with 202, and nothing else. The
//! yardstick of `benches/compare`: `cargo run --release -p order-http --example bare_post -- 127.0.0.1:3999`.

use poem::http::StatusCode;
use poem::listener::TcpListener;
use poem::web::Json;
use poem::{IntoResponse, Route, Server, handler, post};
use serde_json::{Value, json};

#[handler]
fn execute(Json(order): Json<Value>) -> impl IntoResponse {
    let accepted = json!({ "orderId": order["tokenIn"], "status": "pending" });
    (StatusCode::ACCEPTED, Json(accepted))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3999".into());
    let app = Route::new().at("/api/orders/execute", post(execute));
    Server::new(TcpListener::bind(address)).run(app).await
}
