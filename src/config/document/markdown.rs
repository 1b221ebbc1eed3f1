//! The tables of `docs/settings.md`.

use std::fmt::Write;

use super::CHAPTERS;
use crate::config::table::{Effect, Provenance, Setting, all};

/// `docs/settings.md`, whole.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    for (group, title) in CHAPTERS {
        let _ = write!(
            text,
            "\n## {title}\n\n| Variable and document key | Values | Default | Meaning |\n|---|---|---|---|\n"
        );
        for setting in all().filter(|setting| setting.group == group) {
            let _ = writeln!(text, "{}", row(setting));
        }
    }
    text.push_str(CLOSING);
    text
}

fn row(setting: &Setting) -> String {
    let mut meaning = setting.doc.to_owned();
    if setting.sensitive {
        meaning.push_str(" **Secret.**");
    }
    match setting.effect {
        Effect::Works => {}
        Effect::Inert(reason) | Effect::Warned(reason) => {
            let _ = write!(meaning, " *Accepted without effect: {reason}.*");
        }
    }
    if setting.provenance == Provenance::Own {
        meaning.push_str(" †");
    }
    let default = setting.default.map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
    let values = setting.kind.expected().replace('|', "\\|");
    format!(
        "| `{}`<br>`{}` | {values} | {default} | {} |",
        setting.variable(),
        setting.document_key(),
        meaning.replace('|', "\\|")
    )
}

const INTRODUCTION: &str = "\
# Settings

This page is generated from the table of settings in `src/config/table/`; a test keeps it up to date
(`UPDATE_DOCS=1 cargo test --lib config::tests::docs` rewrites it). `†` marks settings that Port's own runtime does
not know and ignores: one document serves both.

## Where values come from

The strongest source wins, value by value:

1. flags of the command line
2. environment variables: `OCEAN__` and the path of the setting, its parts joined by `__`
3. `.env` in the working directory: `NAME=value` lines; quotes are removed, `${NAME}` is not expanded
4. `config.yaml` in the working directory: the same tree, keys in camelCase or snake_case
5. defaults

`APPLICATION__…` variables beat the flags `--log-level` and `--port` of `ocean sail`, as in Port's runtime.

* **A variable may hold JSON** for everything below it: `OCEAN__EVENT_LISTENER={\"type\":\"ONCE\"}`, keys in either
  spelling. Variables for single values lie on top of it, `OCEAN__INTEGRATION__CONFIG` included.
* **Names** are matched without case. A key that fits but for underscores or case is accepted with a warning that
  names the right one. An unknown key is ignored with a warning that names the nearest one.
* **An empty value is no value**, whatever the type.
* **`{{ from env NAME }}`**, in quotes and as the whole of a value of `config.yaml`, is replaced by that variable;
  where it is missing the key counts as absent.
* **Secrets** keep their text: `0123456789` is not made a number. A line break at the end is left out.
* Whatever is wrong is reported at once, with the source of each value; no secret is ever shown.
* `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` mean what they mean elsewhere,
  for Bitbucket and Port alike.

The product follows from the configuration: `bitbucketWorkspace` means Cloud, `bitbucketBaseUrl` Data Center; with both
or neither, `OCEAN__INTEGRATION__TYPE` has to say it. Of several credentials for Cloud the workspace token comes first,
then e-mail address and API token, then user name and app password; without any, only public repositories are read.
";

const CLOSING: &str = "
## Accepted in silence

`OCEAN__DATABASE__…`, `OCEAN__LIVE_EVENTS__REDIS__…` and further `OCEAN__ACTIONS_PROCESSOR__…` variables belong to parts of
Port's runtime that do not exist here. `PROMETHEUS_MULTIPROC_DIR` and `OCEAN__PROCESS_EXECUTION_MODE` have no effect and are
warned about.
";
