//! One small upstream document for each class of fault, and the code that comes of it all the same.

use std::fs;
use std::path::Path;

use bitbucket_port_codegen::{File, Findings, Product, Source};

fn generate(name: &str) -> Result<Vec<File>, Findings> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let read = |suffix: &str| fs::read_to_string(folder.join(format!("{name}.{suffix}"))).ok();
    let ours = read("ours.yaml").unwrap();
    let upstream = read("upstream.yaml").or_else(|| read("upstream.json")).unwrap();
    Product {
        name: "sample",
        spec: Source { name: "ours.yaml", text: &ours },
        upstream: Some(Source { name: "upstream", text: &upstream }),
        kinds: Source { name: "kinds.toml", text: "" },
    }
    .generate()
}

/// The types and the calls; the frame around them is the same for every client.
fn telling(code: &str) -> String {
    let part = |from: &str, to: &str| {
        let start = code.find(from).unwrap();
        let end = code[start..].find(to).map_or(code.len(), |length| start + length);
        code[start..end].trim_end().to_owned()
    };
    let types = part("pub mod types {", "#[derive(Clone, Debug)]\n/**");
    let calls = part("/// Types for composing operation parameters.", "/// Items consumers will typically use");
    format!("{types}\n\n{calls}\n")
}

macro_rules! faults {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let files = generate(stringify!($name)).unwrap_or_else(|findings| panic!("{findings}"));
            let client = files.iter().find(|file| file.path == "bitbucket_sample.rs").unwrap();
            insta::assert_snapshot!(stringify!($name), telling(&client.text));
        }
    )*};
}

faults!(
    all_of,
    any_media_type,
    body_and_nothing,
    closed_objects,
    colliding_inline_names,
    colliding_titles,
    differing_answers,
    duplicate_operation_id,
    media_type_without_schema,
    missing_operation_id,
    null_arrays,
    number_paging,
    parameter_by_content,
    reserved_words,
    texts_that_are_code,
    undeclared_path_parameter,
    unusable_parts_elsewhere,
);
