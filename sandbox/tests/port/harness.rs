//! What the tests of Port have in common.

use bitbucket_port_sandbox::port::{Options, Server, World};
use serde_json::{Value, json};

use crate::client::{Answer, send};

pub(crate) const AGENT: &str = "port-ocean/bitbucket-cloud/0.1.0/my-integration/exporter";
pub(crate) const UPSERT: &str = "upsert=true&merge=true&create_missing_related_entities=true&validation_only=false";

/// A server, and a client that is logged in to it.
pub(crate) struct Port {
    pub(crate) server: Server,
    pub(crate) token: String,
}

impl Port {
    pub(crate) async fn start() -> Self {
        let server = Server::start(World::empty(), Options::default()).await.expect("a server");
        let mut port = Self { server, token: String::new() };
        port.log_in().await;
        port
    }

    pub(crate) async fn with_blueprints() -> Self {
        let port = Self::start().await;
        port.server.change(|world| {
            world.create_blueprint(json!({
                "identifier": "service",
                "schema": {"properties": {"url": {"type": "string", "format": "url"}, "tags": {"type": "array"}}, "required": []},
                "relations": {},
            }))?;
            world.create_blueprint(json!({
                "identifier": "request",
                "schema": {
                    "properties": {"state": {"type": "string", "enum": ["OPEN", "MERGED"]}, "size": {"type": "number"}},
                    "required": ["state"],
                },
                "relations": {
                    "service": {"target": "service", "many": false, "required": false},
                    "others": {"target": "service", "many": true, "required": false},
                },
            }))
        })
        .expect("valid blueprints");
        port
    }

    pub(crate) async fn log_in(&mut self) {
        let body = json!({"clientId": "sandbox-client", "clientSecret": "sandbox-secret"});
        let url = format!("{}/v1/auth/access_token", self.server.url());
        let answer = send("POST", &url, &[], Some(body)).await.expect("an answer").json();
        assert_eq!((&answer["tokenType"], &answer["expiresIn"]), (&json!("Bearer"), &json!(10_800)));
        self.token = format!("Bearer {}", answer["accessToken"].as_str().expect("a token"));
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.server.url());
        let headers =
            [("authorization", self.token.as_str()), ("user-agent", AGENT), ("content-type", "application/json")];
        send(method, &url, &headers, body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub(crate) async fn bulk(&self, blueprint: &str, query: &str, entities: Value) -> Answer {
        let path = format!("/v1/blueprints/{blueprint}/entities/bulk?{query}");
        self.post(&path, json!({ "entities": entities })).await
    }

    pub(crate) async fn owned(&self, body: &Value) -> Value {
        let mut whole = json!({
            "datasource_prefix": "port-ocean/bitbucket-cloud/",
            "datasource_suffix": "/my-integration/exporter",
        });
        whole.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        self.post("/v1/blueprints/entities/datasource-entities", whole).await.json()
    }
}
