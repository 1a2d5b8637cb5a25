//! The only resource.

use serde_json::{Value, json};

use crate::System;
use crate::server::Server;

const NOTES: &str = "test-server://notes";

/// The answer to `resources/list`.
pub(crate) fn list() -> Value {
    json!({"resources": [{"uri": NOTES, "name": "notes"}]})
}

/// Carries out `resources/read`.
pub(crate) async fn read<S: System>(server: &Server<S>, id: &str, params: &Value) {
    let uri = &params["uri"];
    if uri == NOTES {
        return server
            .listing(id, json!({"contents": [{"uri": uri, "text": "nothing of note"}]}))
            .await;
    }
    let code = if server.flags.modern { -32602 } else { -32002 };
    let error = json!({"code": code, "message": "Resource not found", "data": {"uri": uri}});
    server.refuse(id, &error).await;
}
