//! One entry of the table of settings.

/// A setting: its place in the tree, its shape and what it does.
#[derive(Debug)]
pub struct Setting {
    /// Place in the tree, `snake_case` segments joined by dots, for example `port.client_id`.
    pub path: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value it has when nothing is given, as one would write it.
    pub default: Option<&'static str>,
    /// What it does, for people.
    pub doc: &'static str,
    /// Whether its value is a secret and is masked wherever it would be shown.
    pub sensitive: bool,
    /// Whether Port's runtime knows it too.
    pub provenance: Provenance,
    /// Whether it does something here.
    pub effect: Effect,
    /// The chapter of the documentation.
    pub group: Group,
}

/// What values a setting takes; all are read from text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true/false/yes/no/on/off/1/0`, any case.
    Flag,
    /// A whole number within these bounds (inclusive).
    Whole {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// A number, zero or more, with decimals.
    Decimal,
    /// An `http` or `https` address; trailing slashes are removed.
    Url,
    /// A file or folder.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Texts: a sequence, a JSON array in a text, or separated by commas.
    List,
    /// A time: `500ms`, `90s`, `15m`, `24h`, `7d`; a bare number is seconds.
    Duration,
    /// Minutes (`15`) or a time (`15m`, `1h`) out of these minutes.
    Minutes(&'static [u64]),
}

/// Who defined a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Port's runtime has it under this name.
    Ocean,
    /// It exists only here; Port's runtime ignores it.
    Own,
}

/// What a setting does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It works.
    Works,
    /// It is accepted and changes nothing, for this reason; deployments set it without thinking.
    Inert(&'static str),
    /// As `Inert`, but giving it is worth a warning.
    Warned(&'static str),
}

/// Chapters of the documentation, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The connection to Port.
    Port,
    /// Identity of the integration.
    Integration,
    /// Bitbucket Cloud.
    Cloud,
    /// Bitbucket Data Center and Server.
    DataCenter,
    /// What starts a resync.
    Listener,
    /// Behaviour that Port's runtime shares.
    Runtime,
    /// Settings of our own.
    Own,
    /// Process-level settings.
    Application,
}

impl Setting {
    /// A setting that Port's runtime has as well.
    pub(super) const fn ocean(
        group: Group,
        path: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> Self {
        let (provenance, effect) = (Provenance::Ocean, Effect::Works);
        Self { path, kind, default, doc, sensitive: false, provenance, effect, group }
    }

    /// A setting that exists only here.
    pub(super) const fn own(
        group: Group,
        path: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> Self {
        let mut setting = Self::ocean(group, path, kind, default, doc);
        setting.provenance = Provenance::Own;
        setting
    }

    /// The same, holding a secret.
    pub(super) const fn secret(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The same, accepted without effect.
    pub(super) const fn inert(mut self, reason: &'static str) -> Self {
        self.effect = Effect::Inert(reason);
        self
    }

    /// The same, accepted without effect but not in silence.
    pub(super) const fn warned(mut self, reason: &'static str) -> Self {
        self.effect = Effect::Warned(reason);
        self
    }

    /// The variable that sets it, for example `OCEAN__PORT__CLIENT_ID`.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.path)
    }

    /// Its key in a document, for example `port.clientId`.
    #[must_use]
    pub fn document_key(&self) -> String {
        self.path.split('.').map(crate::config::key::camel_case).collect::<Vec<_>>().join(".")
    }
}

/// The variable for a place of the tree.
pub(crate) fn variable(path: &str) -> String {
    let upper = path.to_uppercase().replace('.', "__");
    if path.starts_with("application.") { upper } else { format!("OCEAN__{upper}") }
}

impl Kind {
    /// What to write, in a few words for errors and documentation.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Flag => "true or false".into(),
            Self::Whole { least, most: u64::MAX } => format!("a whole number from {least}"),
            Self::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Self::Decimal => "a number, zero or more".into(),
            Self::Url => "an address such as https://host.example/path".into(),
            Self::Path => "a path".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::List => "a list: a,b or [\"a\",\"b\"]".into(),
            Self::Duration => "a time such as 500ms, 90s, 15m, 24h or 7d".into(),
            Self::Minutes(allowed) => {
                let minutes: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                format!("minutes, one of {}", minutes.join(", "))
            }
        }
    }
}
