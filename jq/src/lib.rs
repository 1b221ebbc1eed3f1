//! jq as Port runs it.
