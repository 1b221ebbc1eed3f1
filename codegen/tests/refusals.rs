//! What cannot be used is told with document, line, place and what to change, all of it at once.

use bitbucket_port_codegen::{Product, Source};

const SPEC: &str = include_str!("kinds/harbour.yaml");
const TABLE: &str = include_str!("kinds/harbour.toml");

fn refused(spec: &str, upstream: Option<&str>, kinds: &str) -> String {
    let product = Product {
        name: "harbour",
        spec: Source { name: "ours.yaml", text: spec },
        upstream: upstream.map(|text| Source { name: "upstream.json", text }),
        kinds: Source { name: "kinds.toml", text: kinds },
    };
    match product.generate() {
        Ok(_) => "nothing was refused".to_owned(),
        Err(findings) => findings.to_string(),
    }
}

#[test]
fn documents_of_another_kind() {
    let upstreams = [
        "{\n  \"swagger\": \"2.0\",\n  \"paths\": {}\n}",
        "{ \"openapi\": \"3.1.0\" }",
        "openapi: 3.0.3\ninfo: {}\n",
        "{ \"openapi\": \"3.0.3\",\n  \"paths\": {} }",
        "{ \"openapi\": ",
        "a: [1,\nb: }",
        "just text",
        "",
        "a: 1\na: 2\n",
    ];
    let findings: String = upstreams.iter().map(|upstream| refused(SPEC, Some(upstream), TABLE)).collect();
    insta::assert_snapshot!(findings);
}

#[test]
fn faults_of_our_own_document() {
    let spec = r##"openapi: 3.0.3
info: { title: T, version: "1" }
x-paging: { values: values, follow: upwards }
paths:
  boats: { get: { operationId: a } }
  /boats/{a}b: { get: { operationId: b } }
  /boats: 7
  /one:
    get: { description: no id }
    put: { operationId: put-one, responses: { "204": { description: ok } } }
    post: { operationId: twice, responses: { "204": { description: ok } } }
  /two:
    post: { operationId: twice, responses: { "204": { description: ok } } }
    get: { operationId: silent, responses: { "404": { description: gone } } }
  /three:
    parameters: [{ name: c, in: path, required: true, schema: { type: string } }]
    get:
      operationId: three
      parameters:
        - { in: query }
        - { name: place, in: nowhere }
        - { $ref: "#/components/parameters/none" }
        - { name: some-thing, in: query, schema: { type: thing } }
        - { name: someThing, in: query, schema: 7 }
      responses:
        "200":
          description: ok
          content: { application/json: { schema: { $ref: "#/components/schemas/pier" } } }
components:
  schemas:
    pier:
      type: object
      properties:
        a: { $ref: "other.yaml#/b" }
        b: { $ref: "#/components/schemas/missing" }
        c: { $ref: "#/components/schemas/circle" }
        d: { type: [string, "null"] }
        e: { allOf: [] }
        f: { $ref: "#/components/schemas/Pier" }
        same-field: { type: string }
        sameField: { type: string }
    Pier: { type: object, properties: { x: { type: string } } }
    circle: { allOf: [{ $ref: "#/components/schemas/circle" }, { type: object }] }
"##;
    insta::assert_snapshot!(refused(spec, None, ""));
}

#[test]
fn faults_of_an_upstream_document() {
    let ours =
        "openapi: 3.0.3\ninfo: { title: T, version: '1' }\npaths:\n  /boats:\n    get: { operationId: listBoats }\n";
    let upstream = r##"{
  "openapi": "3.0.1",
  "paths": {
    "/boats": {
      "get": {
        "responses": {
          "200": {
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/boat" } } }
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "boat": {
        "type": "object",
        "properties": {
          "mast": { "type": "wood" },
          "sail": { "$ref": "#/components/schemas/sail" }
        }
      }
    }
  }
}"##;
    insta::assert_snapshot!(refused(ours, Some(upstream), ""));
}

#[test]
fn faults_of_the_table() {
    let table = r#"
Bad_Name = { title = "x" }
flat = 7

[pier]
title = "Pier"
list = "listPiers"
bind = { port = "@port", quay = "pier.number" }
page_size = 0
key = ["nummer", "type"]
colour = "blue"

[pier2]
title = 7
doc = "Second."
list = "listNothing"
page_size = 5
key = ["number"]

[boat]
title = "Boat"
doc = "A boat."
list = "listBoats"
each = "peer"
bind = { pier = "peer.number" }
page_size = 50
key = ["number", "type", "berth.nummer"]

[boat.get]
operation = "getBoat"
bind = { registry = "type.registry", number = "number" }

[boat.selector]
extends = "bout"
query = { query = "rig", doc = "x" }
rig = { query = "rigging", doc = "x" }
both = { query = "rig", enrichment = true, doc = "x" }
start = { query = "start", doc = "x" }
side = { query = "rig", values = ["a"], default = "b" }

[boat.live]
upsert = ["boat:moored", "boat:moored"]
key = { number = "boat.no", port = "x" }

[egg]
title = "Egg"
doc = "Of the hen."
list = "getBoat"
each = "hen"
bind = { registry = "hen.number", number = "@n" }
page_size = 1
key = ["number"]

[hen]
title = "Hen"
doc = "Of the egg."
list = "listPiers"
each = "egg"
bind = { port = "egg.number" }
page_size = 1
key = []
selector = { extends = "hen" }
"#;
    insta::assert_snapshot!(refused(SPEC, None, table));
}

#[test]
fn tables_that_are_not_toml() {
    let double = format!("{TABLE}\n[pier]\ntitle = \"again\"\n");
    insta::assert_snapshot!(refused(SPEC, None, "[pier\ntitle = ") + &refused(SPEC, None, &double));
}
