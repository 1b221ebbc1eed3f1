//! What a check finds.

use serde::Serialize;

use crate::mapping::Position;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing; nothing is wrong.
    Note,
    /// It runs, but hardly does what was meant.
    Warning,
    /// It cannot work, or not for every object.
    Error,
}

/// Something that a mapping says and should not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// The rule that it breaks, a short name that stays the same.
    pub rule: Rule,
    /// Where it begins.
    pub position: Position,
    /// How many characters it takes, at least 1.
    pub length: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident = $name:literal,)+) => {
        /// The rules that a mapping is checked against.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// The rule's name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }
        }
    };
}

rules! {
    /// The document cannot be read, or a part of it has the wrong form.
    Document = "document",
    /// A key that nothing reads.
    UnknownKey = "unknown-key",
    /// A kind that the product does not have.
    UnknownKind = "unknown-kind",
    /// A selector that the kind does not take.
    Selector = "selector",
    /// An expression that does not compile.
    Syntax = "syntax",
    /// A condition that gives something other than true or false.
    NotBoolean = "not-boolean",
    /// A path that the objects do not have.
    UnknownField = "unknown-field",
    /// Something is read that the selector does not ask for.
    NotRequested = "not-requested",
    /// An identifier that several objects share.
    Identifier = "identifier",
    /// An expression whose value cannot be used where it stands.
    WrongType = "wrong-type",
    /// A blueprint that is not there.
    UnknownBlueprint = "unknown-blueprint",
    /// A property that the blueprint lacks.
    UnknownProperty = "unknown-property",
    /// A property that the blueprint requires and the mapping leaves out.
    MissingProperty = "missing-property",
    /// A relation that the blueprint lacks.
    UnknownRelation = "unknown-relation",
    /// A relation to a blueprint that no resource writes to.
    UnfedRelation = "unfed-relation",
    /// Something that still works but is on its way out.
    Deprecated = "deprecated",
    /// Something that Port's own runtime refuses or loses.
    NotPortable = "not-portable",
}
