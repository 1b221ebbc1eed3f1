mod logs;
mod reporter;
