//! `mapping check` in each of its formats.

use crate::program::Program;

const MAPPING: &str = r#"resources:
  - kind: repositry
    selector: {query: 'true'}
    port: {entity: {mappings: {identifier: .uuid, blueprint: '"a"'}}}
  - kind: repository
    selector:
      query: .mainbranch.name
    port:
      entity:
        mappings:
          - identifier: .full_name
            blueprint: '"service"'
            properties:
              branch: .mainbranch.nam
              readme: file://README.md
              broken: .name |
          - identifier: .uuid
            blueprint: '"code"'
"#;

#[test]
fn findings_in_every_format() {
    let program = Program::new();
    program.write("mapping.yaml", MAPPING);
    for format in ["human", "json", "github", "gitlab"] {
        let ended = program.run(&["mapping", "check", "mapping.yaml", "--portable", "--format", format]);
        assert_eq!((ended.code, ended.error.as_str()), (Some(1), ""), "{ended:?}");
        // How the parser words its complaint is its own matter.
        insta::with_settings!({ filters => vec![(r"does not compile: [^\n\x22%]*", "does not compile: …")] }, {
            insta::assert_snapshot!(format, ended.out);
        });
    }
}
