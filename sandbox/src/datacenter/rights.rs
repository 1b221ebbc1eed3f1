//! What the account that asks is permitted.

/// Permissions beyond reading what is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Whether webhooks are shown and changed.
    pub webhooks: bool,
    /// Whether people are listed by `users`.
    pub users: bool,
    /// Whether the administrator's resources answer, `admin/users` for example.
    pub admin: bool,
}

impl Rights {
    /// All of it.
    pub const ADMIN: Self = Self { webhooks: true, users: true, admin: true };
    /// A licensed account without a permission of its own.
    pub const MEMBER: Self = Self { webhooks: false, users: true, admin: false };
    /// One that is refused even the listing of people.
    pub const NONE: Self = Self { webhooks: false, users: false, admin: false };
}
