//! What is answered in place of what was asked for.

use axum::http::StatusCode;
use axum::response::Response;

use crate::http;
use crate::json;

/// A refusal in the service's own form.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    /// `None` where no resource is at that path: then the form is another one.
    exception: Option<&'static str>,
}

impl Refusal {
    /// What answers a path that no resource has.
    pub(super) fn no_resource(uri: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: uri.into(), exception: None }
    }

    fn new(status: StatusCode, message: impl Into<String>, exception: &'static str) -> Self {
        Self { status, message: message.into(), exception: Some(exception) }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, "com.atlassian.bitbucket.ArgumentValidationException")
    }

    pub(super) fn no_project(key: &str) -> Self {
        let message = format!("Project {key} does not exist.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.project.NoSuchProjectException")
    }

    pub(super) fn no_repository(key: &str, slug: &str) -> Self {
        let message = format!("Repository {key}/{slug} does not exist.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.repository.NoSuchRepositoryException")
    }

    pub(super) fn no_pull_request(id: &str, key: &str, slug: &str) -> Self {
        let message = format!("No pull request with ID {id} exists in {key}/{slug}.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.pull.NoSuchPullRequestException")
    }

    pub(super) fn no_user(slug: &str) -> Self {
        let message = format!("No user with the slug {slug} exists.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.user.NoSuchUserException")
    }

    pub(super) fn no_commit(revision: &str, slug: &str) -> Self {
        let message = format!("Commit '{revision}' does not exist in repository '{slug}'.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.commit.NoSuchCommitException")
    }

    pub(super) fn no_path(path: &str, revision: &str) -> Self {
        let message = format!("The path \"{path}\" does not exist at revision \"{revision}\"");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.content.NoSuchPathException")
    }

    pub(super) fn no_default_branch(slug: &str, branch: &str) -> Self {
        let message = format!(
            "Repository {slug} is configured with the default branch refs/heads/{branch}, which does not exist."
        );
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.bitbucket.repository.NoDefaultBranchException")
    }

    pub(super) fn no_webhook(id: &str) -> Self {
        let message = format!("There is no webhook {id} in this scope.");
        Self::new(StatusCode::NOT_FOUND, message, "com.atlassian.webhooks.NoSuchWebhookException")
    }

    pub(super) fn wrong_credentials() -> Self {
        let message = "Authentication failed. Check the user name and the password or token.";
        let exception = "com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException";
        Self::new(StatusCode::UNAUTHORIZED, message, exception)
    }

    /// Refused with any status, as to one who lacks the permission.
    pub(super) fn forbidden(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        let message = "You are not permitted to access this resource";
        Self::new(status, message, "com.atlassian.bitbucket.AuthorisationException")
    }

    pub(super) fn too_many() -> Self {
        let message = "You have used up the requests that this server grants you for now. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, message, "com.atlassian.bitbucket.ratelimit.RateLimitedException")
    }

    pub(super) fn response(&self) -> Response {
        let body = match self.exception {
            Some(exception) => body(&self.message, exception),
            None => unknown(&self.message),
        };
        http::json(self.status, body)
    }
}

/// The body of an error that a fault asks for.
pub(super) fn fault_body(status: u16, message: &str) -> Vec<u8> {
    let exception = match status {
        401 => "com.atlassian.bitbucket.AuthorisationException",
        404 => "com.atlassian.bitbucket.NoSuchEntityException",
        429 => "com.atlassian.bitbucket.ratelimit.RateLimitedException",
        _ => "com.atlassian.bitbucket.ServerException",
    };
    body(message, exception)
}

fn body(message: &str, exception: &str) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.array("errors", |errors| {
            errors.object(|error| {
                error.null("context");
                error.text("message", message);
                error.text("exceptionName", exception);
            });
        });
    });
    out
}

fn unknown(uri: &str) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.format("message", format_args!("null for uri: {uri}"));
        body.number("status-code", 404);
    });
    out
}
