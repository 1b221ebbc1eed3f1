//! What a generated repository contains.

use std::collections::BTreeMap;

use crate::dice::Dice;
use crate::words;

/// The files of a repository: path to text, in order of path. Nine of ten have a README.md, six of ten a CODEOWNERS.
pub(crate) fn generate(mut dice: Dice, name: &str, key: &str, language: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    if dice.chance(90) {
        files.insert("README.md".to_owned(), readme(&mut dice, name));
    }
    if dice.chance(60) {
        let team = key.to_lowercase();
        files.insert(
            "CODEOWNERS".to_owned(),
            format!("# Who is asked to review\n* @{team}-maintainers\n/docs/ @writers\n"),
        );
    }
    let ending = words::LANGUAGES.iter().find(|(known, _)| *known == language).map_or("txt", |(_, it)| it);
    files.insert(".gitignore".to_owned(), "target/\nnode_modules/\n*.log\n".to_owned());
    files.insert(format!("src/main.{ending}"), format!("// {name}\n"));
    files.insert(format!("src/store/rows.{ending}"), format!("// rows of {name}\n"));
    files.insert("docs/guide.md".to_owned(), format!("# Guide to {name}\n\n{}\n", dice.word(&words::SENTENCES)));
    files.insert(
        "docs/architecture/overview.md".to_owned(),
        format!("# Overview\n\n{}\n", dice.word(&words::SENTENCES)),
    );
    files.insert("docs/Bilder & Skizzen/übersicht.txt".to_owned(), "→ see the wiki\n".to_owned());
    files.insert("service.yaml".to_owned(), format!("name: {name}\nproject: {key}\ntier: {}\n", dice.below(3) + 1));
    files
}

fn readme(dice: &mut Dice, name: &str) -> String {
    let mut text = format!("# {name}\n\n");
    for _ in 0..2 + dice.below(8) {
        text.push_str(dice.word(&words::SENTENCES));
        text.push_str("\n\n");
    }
    text.push_str("## Build\n\n```sh\nmake all\n```\n");
    text
}
