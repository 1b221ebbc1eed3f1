//! People and the workspace itself, as they appear within other objects.

use uuid::Uuid;

use crate::dice::Dice;
use crate::json::Object;
use crate::stamp::Stamp;
use crate::words;

/// Where the service says its objects live, whatever host answers.
pub(super) const API: &str = "https://api.bitbucket.org/2.0";
/// Where people look at them.
pub(super) const SITE: &str = "https://bitbucket.org";

/// How many people work in a generated workspace.
const PEOPLE: usize = 48;

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(super) name: String,
    nickname: String,
    uuid: Uuid,
    account: String,
}

impl Person {
    pub(super) fn all(seed: u64) -> Vec<Self> {
        (0..PEOPLE as u64).map(|index| Self::generate(&mut Dice::new(seed, &[0x9E, index]))).collect()
    }

    fn generate(dice: &mut Dice) -> Self {
        let (given, family) = (dice.word(&words::GIVEN), dice.word(&words::FAMILY));
        let uuid = dice.uuid();
        Self {
            name: format!("{given} {family}"),
            nickname: format!("{given}{}", dice.below(100)),
            uuid,
            account: format!("712020:{}", dice.uuid()),
        }
    }

    /// The short form that stands within pull requests.
    pub(super) fn write(&self, person: &mut Object<'_>) {
        let uuid = self.uuid;
        person.text("display_name", &self.name);
        person.object("links", |links| {
            links.link("self", format_args!("{API}/users/%7B{uuid}%7D"));
            links
                .link("avatar", format_args!("https://secure.gravatar.com/avatar/{}?d=identicon&s=128", uuid.simple()));
            links.link("html", format_args!("{SITE}/%7B{uuid}%7D/"));
        });
        person.text("type", "user");
        person.format("uuid", format_args!("{{{uuid}}}"));
        person.text("account_id", &self.account);
        person.text("nickname", &self.nickname);
    }

    /// The answer of `/user`.
    pub(super) fn write_in_full(&self, person: &mut Object<'_>) {
        self.write(person);
        person.text("username", &self.nickname);
        person.format("created_on", format_args!("{}", Stamp::start_of(2019)));
        person.flag("is_staff", false);
        person.text("account_status", "active");
        person.null("location");
        person.null("website");
        person.flag("has_2fa_enabled", true);
    }

    pub(super) fn uuid(&self) -> Uuid {
        self.uuid
    }
}

/// The workspace that owns everything.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) uuid: Uuid,
}

impl Workspace {
    pub(super) fn generate(seed: u64, slug: &str) -> Self {
        let mut name = slug.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { slug: slug.to_owned(), name, uuid: Dice::new(seed, &[0x3C]).uuid() }
    }

    /// Whether a path segment names it, by slug or by uuid in braces.
    pub(super) fn is_named(&self, segment: &str) -> bool {
        segment == self.slug || segment.trim_matches(['{', '}']).parse() == Ok(self.uuid)
    }

    /// The form within repositories.
    pub(super) fn write(&self, workspace: &mut Object<'_>) {
        let slug = &self.slug;
        workspace.text("type", "workspace");
        workspace.format("uuid", format_args!("{{{}}}", self.uuid));
        workspace.text("name", &self.name);
        workspace.text("slug", slug);
        workspace.object("links", |links| {
            links.link("avatar", format_args!("{SITE}/workspaces/{slug}/avatar/?ts=1700000000"));
            links.link("html", format_args!("{SITE}/{slug}/"));
            links.link("self", format_args!("{API}/workspaces/{slug}"));
        });
    }

    /// The form as `owner` of projects and repositories.
    pub(super) fn write_as_owner(&self, owner: &mut Object<'_>) {
        let slug = &self.slug;
        owner.text("display_name", &self.name);
        owner.object("links", |links| {
            links.link("self", format_args!("{API}/workspaces/%7B{}%7D", self.uuid));
            links.link("avatar", format_args!("{SITE}/account/{slug}/avatar/"));
            links.link("html", format_args!("{SITE}/%7B{}%7D/", self.uuid));
        });
        owner.text("type", "team");
        owner.format("uuid", format_args!("{{{}}}", self.uuid));
        owner.text("username", slug);
    }

    /// The answer of `/workspaces/{workspace}`.
    pub(super) fn write_in_full(&self, workspace: &mut Object<'_>) {
        let slug = &self.slug;
        workspace.format("uuid", format_args!("{{{}}}", self.uuid));
        workspace.object("links", |links| {
            links.link("owners", format_args!("{API}/workspaces/{slug}/members?q=permission%3D%22owner%22"));
            links.link("hooks", format_args!("{API}/workspaces/{slug}/hooks"));
            links.link("self", format_args!("{API}/workspaces/{slug}"));
            links.link("repositories", format_args!("{API}/repositories/{slug}"));
            links.link("snippets", format_args!("{API}/snippets/{slug}"));
            links.link("html", format_args!("{SITE}/{slug}/"));
            links.link("avatar", format_args!("{SITE}/workspaces/{slug}/avatar/?ts=1700000000"));
            links.link("members", format_args!("{API}/workspaces/{slug}/members"));
            links.link("projects", format_args!("{API}/workspaces/{slug}/projects"));
        });
        workspace.format("created_on", format_args!("{}", Stamp::start_of(2020)));
        workspace.text("type", "workspace");
        workspace.text("slug", slug);
        workspace.flag("is_private", true);
        workspace.text("name", &self.name);
        workspace.text("forking_mode", "allow_forks");
        workspace.flag("is_privacy_enforced", false);
    }

    /// One entry of `/user/workspaces`.
    pub(super) fn write_access(&self, access: &mut Object<'_>) {
        access.text("type", "workspace_access");
        access.flag("administrator", true);
        access.object("workspace", |workspace| {
            workspace.text("type", "workspace_base");
            workspace.text("slug", &self.slug);
            workspace.format("uuid", format_args!("{{{}}}", self.uuid));
            workspace.object("links", |links| {
                links.link("avatar", format_args!("{SITE}/workspaces/{}/avatar/", self.slug));
                links.link("self", format_args!("{API}/workspaces/{}", self.slug));
            });
        });
    }
}
