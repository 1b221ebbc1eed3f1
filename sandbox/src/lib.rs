//! Local servers that answer as Bitbucket and Port do.
