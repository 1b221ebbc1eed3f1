//! Speaking to Bitbucket.
