//! Code generation for bitbucket-port: text in, text out.
